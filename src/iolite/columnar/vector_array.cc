#include "iolite/columnar/vector_array.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <arrow/util/float16.h>

#include <cmath>

#include "iolite/columnar/arrow_status.h"

namespace iolite::columnar {
namespace {

Status WrongType(const arrow::DataType& type) {
  return InvalidArgument(
      "A column of vectors must hold lists of float32, float64 or float16, not {}",
      type.ToString());
}

/// Where the numbers of one row begin and how many there are.
struct Extent {
  int64_t offset = 0;
  int64_t length = 0;
};

/// The three kinds of list seen alike.
class Lists {
 public:
  static Result<Lists> Of(const arrow::Array& column) {
    switch (column.type_id()) {
      case arrow::Type::FIXED_SIZE_LIST: {
        const auto& lists = static_cast<const arrow::FixedSizeListArray&>(column);
        return Lists(column, lists.values(), lists.list_type()->list_size());
      }
      case arrow::Type::LIST:
        return Lists(column, static_cast<const arrow::ListArray&>(column).values(), 0);
      case arrow::Type::LARGE_LIST:
        return Lists(column, static_cast<const arrow::LargeListArray&>(column).values(), 0);
      default: return WrongType(*column.type());
    }
  }

  const std::shared_ptr<arrow::Array>& values() const { return values_; }
  int32_t fixed_dimension() const { return fixed_dimension_; }

  Extent row(int64_t index) const {
    switch (column_.type_id()) {
      case arrow::Type::FIXED_SIZE_LIST: {
        const auto& lists = static_cast<const arrow::FixedSizeListArray&>(column_);
        return {lists.value_offset(index), fixed_dimension_};
      }
      case arrow::Type::LIST: {
        const auto& lists = static_cast<const arrow::ListArray&>(column_);
        return {lists.value_offset(index), lists.value_length(index)};
      }
      default: {
        const auto& lists = static_cast<const arrow::LargeListArray&>(column_);
        return {lists.value_offset(index), lists.value_length(index)};
      }
    }
  }

 private:
  Lists(const arrow::Array& column, std::shared_ptr<arrow::Array> values, int32_t fixed_dimension)
      : column_(column), values_(std::move(values)), fixed_dimension_(fixed_dimension) {}

  const arrow::Array& column_;
  std::shared_ptr<arrow::Array> values_;
  int32_t fixed_dimension_;
};

Status CheckRow(const arrow::Array& column, const Lists& lists, int64_t row, int32_t dimension,
                int64_t first_row) {
  if (column.IsNull(row)) return InvalidArgument("Row {} has no vector", first_row + row);
  const auto extent = lists.row(row);
  if (extent.length != dimension) {
    return InvalidArgument("Row {} has a vector of {} numbers, the others have {}", first_row + row,
                           extent.length, dimension);
  }
  if (lists.values()->null_count() == 0) return Status();
  for (int64_t i = 0; i < extent.length; ++i) {
    if (lists.values()->IsValid(extent.offset + i)) continue;
    return InvalidArgument("Row {} has a vector whose number {} is null", first_row + row, i);
  }
  return Status();
}

template <typename ArrayType, typename Convert>
void CopyRow(const arrow::Array& values, Extent extent, float* out, Convert convert) {
  const auto* from = static_cast<const ArrayType&>(values).raw_values() + extent.offset;
  for (int64_t i = 0; i < extent.length; ++i) out[i] = convert(from[i]);
}

void CopyNumbers(const arrow::Array& values, Extent extent, float* out) {
  switch (values.type_id()) {
    case arrow::Type::FLOAT:
      return CopyRow<arrow::FloatArray>(values, extent, out, [](float value) { return value; });
    case arrow::Type::DOUBLE:
      return CopyRow<arrow::DoubleArray>(values, extent, out,
                                         [](double value) { return static_cast<float>(value); });
    default:
      return CopyRow<arrow::HalfFloatArray>(values, extent, out, [](uint16_t bits) {
        return arrow::util::Float16::FromBits(bits).ToFloat();
      });
  }
}

bool IsNumber(arrow::Type::type id) {
  return id == arrow::Type::FLOAT || id == arrow::Type::DOUBLE || id == arrow::Type::HALF_FLOAT;
}

int32_t DimensionOf(const arrow::Array& column, const Lists& lists) {
  if (lists.fixed_dimension() != 0) return lists.fixed_dimension();
  for (int64_t row = 0; row < column.length(); ++row) {
    if (column.IsValid(row)) return static_cast<int32_t>(lists.row(row).length);
  }
  return 0;
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> MakeVectorArray(std::shared_ptr<arrow::Buffer> floats,
                                                      int32_t dimension) {
  const int64_t row_bytes = int64_t{dimension} * static_cast<int64_t>(sizeof(float));
  if (dimension <= 0 || floats->size() % row_bytes != 0) {
    return InvalidArgument("{} bytes are no whole number of vectors of dimension {}",
                           floats->size(), dimension);
  }
  const int64_t row_count = floats->size() / row_bytes;
  auto values = std::make_shared<arrow::FloatArray>(row_count * dimension, std::move(floats));
  auto type = arrow::fixed_size_list(arrow::field("item", arrow::float32()), dimension);
  return std::shared_ptr<arrow::Array>(
      std::make_shared<arrow::FixedSizeListArray>(std::move(type), row_count, std::move(values)));
}

Result<VectorBlock> ReadVectors(const arrow::Array& column, int32_t dimension, int64_t first_row) {
  IOLITE_ASSIGN_OR_RETURN(const auto lists, Lists::Of(column));
  if (!IsNumber(lists.values()->type_id())) return WrongType(*column.type());
  if (dimension == 0) dimension = DimensionOf(column, lists);
  const bool all_alike = lists.fixed_dimension() == dimension && column.null_count() == 0 &&
                         lists.values()->null_count() == 0;
  for (int64_t row = 0; !all_alike && row < column.length(); ++row) {
    IOLITE_RETURN_IF_ERROR(CheckRow(column, lists, row, dimension, first_row));
  }
  VectorBlock block{.dimension = dimension, .row_count = column.length()};
  const auto count = static_cast<size_t>(block.row_count * dimension);
  if (count == 0) return block;
  if (lists.fixed_dimension() != 0 && lists.values()->type_id() == arrow::Type::FLOAT) {
    const auto& numbers = static_cast<const arrow::FloatArray&>(*lists.values());
    block.owner = numbers.data()->buffers[1];
    block.values = {numbers.raw_values() + lists.row(0).offset, count};
    return block;
  }
  const auto bytes = static_cast<int64_t>(count * sizeof(float));
  IOLITE_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Buffer> copy, arrow::AllocateBuffer(bytes));
  auto* out = reinterpret_cast<float*>(copy->mutable_data());
  block.owner = std::move(copy);
  block.values = {out, count};
  for (int64_t row = 0; row < block.row_count; ++row) {
    CopyNumbers(*lists.values(), lists.row(row), out + row * dimension);
  }
  return block;
}

Status CheckFinite(const VectorBlock& vectors, int64_t first_row) {
  for (int64_t row = 0; row < vectors.row_count; ++row) {
    for (const float value : vectors.row(row)) {
      if (std::isfinite(value)) continue;
      return InvalidArgument("Row {} has a vector with {}", first_row + row,
                             std::isnan(value) ? "NaN" : "infinity");
    }
  }
  return Status();
}

}  // namespace iolite::columnar
