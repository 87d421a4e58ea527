#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "iolite/base/context.h"
#include "iolite/base/status.h"
#include "iolite/vector/flat/layout.h"

namespace iolite::vector::flat {

/// The checksums of a file's extents. Each extent is checked when something in it is first needed.
///
/// Threads: any number.
class Extents {
 public:
  /// kDataLoss when the table of checksums is damaged. `bytes` is the whole file.
  static Result<Extents> Open(std::string_view bytes, const Layout& layout);

  /// kDataLoss, naming the place, when bytes in [begin, end) are not what was written. Costs
  /// nothing once they were found right.
  Status Need(size_t begin, size_t end) const {
    if (all_sound() || begin >= end) return Status::Ok();
    return CheckRange(begin, end);
  }
  /// All of them, again.
  Status Verify(const RequestContext& context) const;

  size_t count() const { return count_; }
  /// Whether all were found right.
  bool all_sound() const { return unchecked_->load(std::memory_order_acquire) == 0; }

 private:
  Extents() = default;
  Status CheckRange(size_t begin, size_t end) const;
  Status CheckOne(size_t extent) const;

  const char* bytes_ = nullptr;
  size_t end_ = 0;  // where the table begins
  size_t count_ = 0;
  std::unique_ptr<std::atomic<bool>[]> sound_;
  std::unique_ptr<std::atomic<size_t>> unchecked_;
};

}  // namespace iolite::vector::flat
