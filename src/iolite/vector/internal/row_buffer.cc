#include "iolite/vector/internal/row_buffer.h"

#include <algorithm>
#include <exception>

#include "iolite/vector/internal/query.h"
#include "iolite/vector/kernels/convert.h"

namespace iolite::vector::internal {

RowBuffer::RowBuffer(const IndexBuildOptions& options, size_t prefix_bytes)
    : metric_(options.metric),
      type_(options.element_type),
      dimension_(static_cast<size_t>(options.dimension)),
      budget_(*options.budget),
      prefix_bytes_(prefix_bytes),
      row_bytes_(kernels::RowBytes(type_, dimension_)) {}

Status RowBuffer::Start(int64_t row_count_expected) {
  const auto rows = static_cast<size_t>(std::clamp<int64_t>(row_count_expected, 0, kRowsMax));
  IOLITE_RETURN_IF_ERROR(Grow(prefix_bytes_ + rows * row_bytes_));
  bytes_.assign(prefix_bytes_, '\0');
  return Status::Ok();
}

Status RowBuffer::Grow(size_t bytes) {
  if (bytes <= bytes_.capacity() && reservation_.bytes() > 0) return Status::Ok();
  const size_t capacity = std::max(bytes, bytes_.capacity() * 2);
  IOLITE_ASSIGN_OR_RETURN(auto reservation, budget_.Reserve(static_cast<int64_t>(capacity)));
  try {
    bytes_.reserve(capacity);
  } catch (const std::exception&) {
    return ResourceExhausted("No memory for the {} bytes of an index's rows", capacity);
  }
  reservation_ = std::move(reservation);
  return Status::Ok();
}

Status RowBuffer::Add(std::span<const float> rows, size_t row_count) {
  if (row_count > kRowsMax - row_count_) {
    return InvalidArgument("An index takes at most {} rows", kRowsMax);
  }
  IOLITE_RETURN_IF_ERROR(CheckRows(rows, row_count, dimension_, row_count_, type_));
  IOLITE_RETURN_IF_ERROR(CheckUnitRows(metric_, type_, rows, dimension_, row_count_));
  const size_t old_size = bytes_.size();
  IOLITE_RETURN_IF_ERROR(Grow(old_size + row_count * row_bytes_));
  bytes_.resize(old_size + row_count * row_bytes_);
  for (size_t r = 0; r < row_count; ++r) {
    kernels::ToElements(type_, rows.data() + r * dimension_, dimension_,
                        bytes_.data() + old_size + r * row_bytes_);
  }
  row_count_ += static_cast<uint32_t>(row_count);
  return Status::Ok();
}

void RowBuffer::ReadRow(size_t row, float* values) const {
  kernels::FromElements(type_, Row(row), dimension_, values);
}

}  // namespace iolite::vector::internal
