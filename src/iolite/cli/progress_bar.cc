#include "iolite/cli/progress_bar.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace iolite::cli {
namespace {

constexpr int64_t kRedrawNs = 100'000'000;
constexpr int64_t kPlainLineNs = 10'000'000'000;
constexpr int kBarCells = 24;

std::string Bar(double share) {
  int full = std::clamp(static_cast<int>(share * kBarCells), 0, kBarCells);
  std::string bar;
  for (int i = 0; i < kBarCells; ++i) bar += i < full ? "━" : "─";
  return bar;
}

std::string Count(int64_t count, std::string_view unit) {
  return unit == "bytes" ? FormatBytes(count) : GroupDigits(count);
}

}  // namespace

std::string GroupDigits(int64_t number) {
  std::string digits = fmt::format("{}", number), grouped;
  for (size_t i = 0; i < digits.size(); ++i) {
    size_t left = digits.size() - i;
    if (i > 0 && left % 3 == 0 && digits[i - 1] != '-') grouped += ',';
    grouped += digits[i];
  }
  return grouped;
}

std::string FormatDuration(double seconds) {
  if (seconds < 0.0995) return fmt::format("{:.1f} ms", seconds * 1e3);
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

std::string FormatBytes(int64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes);
  int unit = 0;
  while (value >= 1000 && unit < 4) {
    value /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

ProgressBar::ProgressBar(const Console& console, std::string unit, Clock& clock)
    : console_(console), unit_(std::move(unit)), clock_(clock) {}

ProgressBar::~ProgressBar() {
  if (on_screen_) Draw(true);
}

std::function<void(std::string_view, int64_t, int64_t)> ProgressBar::callback() {
  return
      [this](std::string_view phase, int64_t done, int64_t total) { Update(phase, done, total); };
}

void ProgressBar::Update(std::string_view phase, int64_t done, int64_t total) {
  int64_t now_ns = clock_.monotonic_ns();
  if (phase != phase_) {
    phase_ = phase;
    phase_start_ns_ = now_ns;
  }
  done_ = done;
  total_ = total;
  int64_t pause_ns = console_.stderr_is_terminal() ? kRedrawNs : kPlainLineNs;
  if (console_.quiet || (drawn_ns_ != 0 && now_ns - drawn_ns_ < pause_ns)) return;
  // Off a terminal short work prints nothing at all.
  if (drawn_ns_ == 0 && !console_.stderr_is_terminal()) {
    drawn_ns_ = now_ns;
    return;
  }
  drawn_ns_ = now_ns;
  Draw(false);
}

std::string ProgressBar::Line(int64_t now_ns) const {
  double seconds = std::max(1e-3, static_cast<double>(now_ns - phase_start_ns_) * 1e-9);
  double rate = static_cast<double>(done_) / seconds;
  std::string line = fmt::format("{:<8} ", phase_);
  if (total_ > 0) {
    double share = static_cast<double>(done_) / static_cast<double>(total_);
    if (console_.stderr_is_terminal()) line += Bar(share) + " ";
    line +=
        fmt::format("{:3.0f} %  {} of {}", share * 100, Count(done_, unit_), Count(total_, unit_));
  } else {
    line += Count(done_, unit_);
  }
  if (unit_ != "bytes") line += " " + unit_;
  line += fmt::format("  {}/s", Count(static_cast<int64_t>(rate), unit_));
  if (total_ > done_ && rate > 0) {
    line += fmt::format("  {} left", FormatDuration(static_cast<double>(total_ - done_) / rate));
  }
  return line;
}

void ProgressBar::Draw(bool last) {
  std::string line = Line(clock_.monotonic_ns());
  if (!console_.stderr_is_terminal()) {
    if (!last) std::fprintf(stderr, "%s\n", line.c_str());
    return;
  }
  std::fprintf(stderr, "\r\x1b[K%s%s", line.c_str(), last ? "\n" : "");
  std::fflush(stderr);
  on_screen_ = !last;
}

}  // namespace iolite::cli
