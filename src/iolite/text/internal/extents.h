#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "iolite/base/context.h"
#include "iolite/base/status.h"

namespace iolite::text::internal {

/// The checksums of a file's extents. Each extent is checked when something in it is first needed.
///
/// Threads: any number.
class Extents {
 public:
  Extents() = default;
  /// `sums` lie in the file and are sound; extents end at `end`.
  Extents(std::string_view bytes, uint64_t end, const char* sums);

  /// kDataLoss, naming the place, when bytes in [begin, begin + size) are not what was written.
  Status Need(uint64_t begin, uint64_t size) const {
    if (unsound_->load(std::memory_order_acquire) == 0 || size == 0) return Status::Ok();
    return CheckRange(begin, begin + size);
  }
  /// All of them, again.
  Status Verify(const RequestContext& context) const;

 private:
  Status CheckRange(uint64_t begin, uint64_t end) const;
  Status CheckOne(size_t extent) const;

  std::string_view bytes_;
  uint64_t end_ = 0;
  const char* sums_ = nullptr;
  size_t count_ = 0;
  std::unique_ptr<std::atomic<bool>[]> sound_;
  std::unique_ptr<std::atomic<size_t>> unsound_;  // how many were not looked at
};

}  // namespace iolite::text::internal
