#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "iolite/base/clock.h"
#include "iolite/cli/console.h"

namespace iolite::cli {

/// A line on stderr that tells how far long work has come, its rate and the time left. On a
/// terminal it is redrawn in place; elsewhere a plain line appears every ten seconds; with --quiet
/// nothing.
///
/// Threads: one at a time.
class ProgressBar {
 public:
  /// `unit` names what is counted: `rows`, `bytes`.
  ProgressBar(const Console& console, std::string unit, Clock& clock = Clock::System());
  ~ProgressBar();

  void Update(std::string_view phase, int64_t done, int64_t total);
  /// For CallOptions::progress.
  std::function<void(std::string_view, int64_t, int64_t)> callback();

 private:
  std::string Line(int64_t now_ns) const;
  void Draw(bool last);

  const Console& console_;
  const std::string unit_;
  Clock& clock_;
  std::string phase_;
  int64_t done_ = 0;
  int64_t total_ = 0;
  int64_t phase_start_ns_ = 0;
  int64_t drawn_ns_ = 0;
  bool on_screen_ = false;
};

/// `1,234,567`.
std::string GroupDigits(int64_t number);
/// `3.4 s`, `2 min 05 s`, `1 h 12 min`.
std::string FormatDuration(double seconds);
/// `12.3 MB`.
std::string FormatBytes(int64_t bytes);

}  // namespace iolite::cli
