#include "iolite/base/budget.h"

#include "iolite/base/check.h"

namespace iolite {

Status Budget::Take(int64_t bytes) {
  IOLITE_CHECK(bytes >= 0, "a reservation is a size");
  int64_t used = used_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  Status status;
  if (limit_bytes_ > 0 && used > limit_bytes_) {
    status = ResourceExhausted(
        "{} bytes do not fit the {} budget: {} of {} bytes are in use; raise the budget in the "
        "settings",
        bytes, name_, used - bytes, limit_bytes_);
  } else if (parent_ != nullptr) {
    status = parent_->Take(bytes);
  }
  if (!status.ok()) {
    used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    return status;
  }
  int64_t seen = used_bytes_max_.load(std::memory_order_relaxed);
  while (used > seen && !used_bytes_max_.compare_exchange_weak(seen, used)) {
  }
  return status;
}

void Budget::Give(int64_t bytes) {
  used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  if (parent_ != nullptr) parent_->Give(bytes);
}

Result<Reservation> Budget::Reserve(int64_t bytes) {
  IOLITE_RETURN_IF_ERROR(Take(bytes));
  return Reservation(this, bytes);
}

Budget& Budget::Unlimited() {
  static Budget budget("process", 0);
  return budget;
}

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  if (this != &other) {
    Release();
    budget_ = std::exchange(other.budget_, nullptr);
    bytes_ = std::exchange(other.bytes_, 0);
  }
  return *this;
}

void Reservation::Release() {
  if (budget_ != nullptr) budget_->Give(bytes_);
  budget_ = nullptr;
  bytes_ = 0;
}

}  // namespace iolite
