#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "iolite/base/budget.h"
#include "iolite/base/clock.h"
#include "iolite/base/status.h"
#include "iolite/base/trace.h"
#include "iolite/cancel.h"

namespace iolite {

/// What travels with one request: when it must end, whether it was cancelled, whose memory it draws
/// from, and where to write what it did. Cheap to copy; never stored beyond the request.
struct RequestContext {
  Clock* clock = &Clock::System();
  /// On clock->monotonic_ns().
  std::optional<int64_t> deadline_ns;
  CancelToken cancel;
  Budget* budget = &Budget::Unlimited();
  /// Steps and counters for an explanation; null when nobody asked.
  Trace* trace = nullptr;

  /// OK, kCancelled or kDeadlineExceeded. Costs a relaxed load, and a clock read with a deadline.
  Status Check() const;
  void SetTimeout(std::chrono::nanoseconds timeout) {
    deadline_ns = clock->monotonic_ns() + timeout.count();
  }
};

}  // namespace iolite
