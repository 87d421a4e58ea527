#include "iolite/text/internal/extents.h"

#include <algorithm>
#include <cstring>

#include "iolite/base/hash.h"
#include "iolite/text/internal/layout.h"

namespace iolite::text::internal {

Extents::Extents(std::string_view bytes, uint64_t end, const char* sums)
    : bytes_(bytes),
      end_(end),
      sums_(sums),
      count_((end + kExtentBytes - 1) / kExtentBytes),
      sound_(new std::atomic<bool>[count_]()),
      unsound_(std::make_unique<std::atomic<size_t>>(count_)) {}

Status Extents::CheckOne(size_t extent) const {
  const uint64_t begin = extent * kExtentBytes, size = std::min(end_ - begin, kExtentBytes);
  uint32_t sum;
  std::memcpy(&sum, sums_ + 4 * extent, 4);
  if (Crc32c(bytes_.substr(begin, size)) == sum) return Status::Ok();
  return DataLoss(
      "The text index is damaged: bytes {} to {} do not have their checksum. Build it anew", begin,
      begin + size);
}

Status Extents::CheckRange(uint64_t begin, uint64_t end) const {
  for (size_t extent = begin / kExtentBytes; extent * kExtentBytes < end; ++extent) {
    if (sound_[extent].load(std::memory_order_acquire)) continue;
    IOLITE_RETURN_IF_ERROR(CheckOne(extent));
    if (!sound_[extent].exchange(true)) unsound_->fetch_sub(1, std::memory_order_release);
  }
  return Status::Ok();
}

Status Extents::Verify(const RequestContext& context) const {
  for (size_t extent = 0; extent < count_; ++extent) {
    IOLITE_RETURN_IF_ERROR(context.Check());
    IOLITE_RETURN_IF_ERROR(CheckOne(extent));
  }
  return Status::Ok();
}

}  // namespace iolite::text::internal
