#include "iolite/vector/qg/layout.h"

#include <algorithm>
#include <bit>

#include "iolite/vector/kernels/kernels.h"

namespace iolite::vector::qg {
namespace {

// Small enough to be checked in some 30 us when a search first meets it.
constexpr size_t kExtentBytesMax = 512 << 10;
constexpr size_t kLine = 64;
constexpr size_t kPage = 4096;
constexpr uint32_t kExtentShiftMax = 16;
constexpr uint32_t kPaddedMax = (1 << 16) + 64;
constexpr uint32_t kLanesMax = 256;

size_t RoundUp(size_t value, size_t unit) { return (value + unit - 1) / unit * unit; }

}  // namespace

Layout Layout::For(const Shape& shape, int64_t row_count_expected) {
  Layout layout;
  layout.shape_ = shape;
  layout.Place();
  const size_t fitting = kExtentBytesMax / layout.bytes_per_slot();
  uint64_t rows = fitting > 1 ? std::bit_floor(fitting) : 1;
  if (row_count_expected > 0) {
    rows = std::min<uint64_t>(rows, std::bit_ceil(static_cast<uint64_t>(row_count_expected)));
  }
  layout.extent_shift_ = std::min(kExtentShiftMax, static_cast<uint32_t>(std::countr_zero(rows)));
  layout.Place();
  return layout;
}

bool Layout::FromFile(const Shape& shape, uint32_t extent_shift, Layout& layout) {
  if (shape.padded == 0 || shape.padded > kPaddedMax || shape.padded % 32 != 0) return false;
  if (shape.lanes == 0 || shape.lanes > kLanesMax || shape.lanes % kBlockLanes != 0) return false;
  if (extent_shift > kExtentShiftMax) return false;
  layout.shape_ = shape;
  layout.extent_shift_ = extent_shift;
  layout.Place();
  return true;
}

size_t Layout::bytes_per_slot() const {
  return row_bytes_ + low_.bytes + signs_.bytes + lengths_.bytes + fillers_.bytes + ids_.bytes;
}

void Layout::Place() {
  const size_t padded = shape_.padded;
  block_bytes_ = 4 * padded + 8 * kBlockLanes;
  row_bytes_ = RoundUp(links_at() + 4 * size_t{shape_.lanes}, kLine);
  low_.bytes = shape_.exact ? 2 * padded : 0;
  signs_.bytes = kernels::SignRows::StrideBytes(sign_bits());
  lengths_.bytes = 4 * size_t{shape_.lanes};
  fillers_.bytes = shape_.lanes / 8;
  ids_.bytes = 4;
  size_t at = row_bytes_ * extent_rows();
  for (Column* column : {&low_, &signs_, &lengths_, &fillers_, &ids_}) {
    column->offset = RoundUp(at, kLine);
    at = column->offset + column->bytes * extent_rows();
  }
  extent_bytes_ = RoundUp(at + 4, kPage);
}

}  // namespace iolite::vector::qg
