#include "iolite/vector/flat/extents.h"

#include <algorithm>
#include <cstring>

#include "iolite/base/hash.h"

namespace iolite::vector::flat {
namespace {

uint32_t SumAt(const char* at) {
  uint32_t sum;
  std::memcpy(&sum, at, sizeof(sum));
  return sum;
}

}  // namespace

Result<Extents> Extents::Open(std::string_view bytes, const Layout& layout) {
  Extents extents;
  extents.bytes_ = bytes.data();
  extents.end_ = layout.checksums_at();
  extents.count_ = layout.extent_count();
  extents.sound_ = std::make_unique<std::atomic<bool>[]>(extents.count_);
  extents.unchecked_ = std::make_unique<std::atomic<size_t>>(extents.count_);
  const std::string_view table = bytes.substr(extents.end_, 4 * extents.count_);
  if (Crc32c(table) != SumAt(table.data() + table.size())) {
    return DataLoss("The checksums of the flat index are damaged");
  }
  return extents;
}

Status Extents::CheckOne(size_t extent) const {
  const size_t begin = kHeaderBytes + extent * kExtentBytes;
  const size_t end = std::min(begin + kExtentBytes, end_);
  const uint32_t sum = SumAt(bytes_ + end_ + 4 * extent);
  const uint32_t found = Crc32c({bytes_ + begin, end - begin});
  if (found == sum) return Status::Ok();
  return DataLoss(
      "The flat index is damaged between bytes {} and {}: their checksum is {:08x}, not {:08x}",
      begin, end, found, sum);
}

Status Extents::CheckRange(size_t begin, size_t end) const {
  const size_t last = (end - 1 - kHeaderBytes) / kExtentBytes;
  for (size_t extent = (begin - kHeaderBytes) / kExtentBytes; extent <= last; ++extent) {
    if (sound_[extent].load(std::memory_order_acquire)) continue;
    IOLITE_RETURN_IF_ERROR(CheckOne(extent));
    if (!sound_[extent].exchange(true, std::memory_order_acq_rel)) {
      unchecked_->fetch_sub(1, std::memory_order_acq_rel);
    }
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

}  // namespace iolite::vector::flat
