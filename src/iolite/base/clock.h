#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace iolite {

/// The only door to time. Rooms take a Clock; tests pass testing/fake_clock.h.
///
/// Threads: any number.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Time since an arbitrary start that never runs backwards, in nanoseconds.
  virtual int64_t monotonic_ns() const = 0;
  /// Microseconds since 1970-01-01 UTC.
  virtual int64_t unix_us() const = 0;
  /// Waits for that long; a fake advances instead.
  virtual void SleepFor(std::chrono::nanoseconds duration) = 0;

  /// The machine's clock; lives as long as the process.
  static Clock& System();
};

/// `2026-11-21T14:03:07Z`.
std::string FormatTimestamp(int64_t unix_us);
/// `20261121T140307Z`: sorts by time and fits a file name.
std::string FormatCompactTimestamp(int64_t unix_us);

}  // namespace iolite
