#include "iolite/base/clock.h"

#include <fmt/chrono.h>

#include <thread>

namespace iolite {
namespace {

class SystemClock final : public Clock {
 public:
  int64_t monotonic_ns() const override {
    return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
  }
  int64_t unix_us() const override {
    return std::chrono::system_clock::now().time_since_epoch() / std::chrono::microseconds(1);
  }
  void SleepFor(std::chrono::nanoseconds duration) override {
    std::this_thread::sleep_for(duration);
  }
};

// Rounds down, so that a moment before 1970 falls into the second it belongs to.
std::tm UtcOf(int64_t unix_us) {
  const int64_t seconds = unix_us / 1'000'000 - (unix_us % 1'000'000 < 0 ? 1 : 0);
  return fmt::gmtime(static_cast<std::time_t>(seconds));
}

}  // namespace

Clock& Clock::System() {
  static SystemClock clock;
  return clock;
}

std::string FormatTimestamp(int64_t unix_us) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", UtcOf(unix_us));
}

std::string FormatCompactTimestamp(int64_t unix_us) {
  return fmt::format("{:%Y%m%dT%H%M%SZ}", UtcOf(unix_us));
}

}  // namespace iolite
