#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "iolite/base/budget.h"
#include "iolite/base/clock.h"
#include "iolite/base/status.h"
#include "iolite/base/trace.h"

namespace iolite {

/// A flag that asks work to stop. Copies share the flag.
///
/// Threads: any number. Cancel() is safe in a signal handler.
class CancelToken {
 public:
  CancelToken() : flag_(std::make_shared<std::atomic<bool>>(false)) {}
  void Cancel() const { flag_->store(true, std::memory_order_relaxed); }
  bool cancelled() const { return flag_->load(std::memory_order_relaxed); }

 private:
  std::shared_ptr<std::atomic<bool>> flag_;
};

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
