#pragma once

#include <atomic>

#include "iolite/base/clock.h"

namespace iolite::testing {

/// A clock that moves only when told. Starts at 2026-01-01T00:00:00Z.
class FakeClock final : public Clock {
 public:
  int64_t monotonic_ns() const override { return elapsed_ns_; }
  int64_t unix_us() const override { return 1'767'225'600'000'000 + elapsed_ns_ / 1000; }
  void SleepFor(std::chrono::nanoseconds duration) override { Advance(duration); }
  void Advance(std::chrono::nanoseconds duration) { elapsed_ns_ += duration.count(); }

 private:
  std::atomic<int64_t> elapsed_ns_ = 0;
};

}  // namespace iolite::testing
