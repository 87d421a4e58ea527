#pragma once

#include <atomic>
#include <memory>

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

}  // namespace iolite
