#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>

#include "iolite/base/status.h"

namespace iolite::columnar {

/// Vectors in one piece: row i is values[i * dimension .. (i + 1) * dimension).
struct VectorBlock {
  int32_t dimension = 0;
  int64_t row_count = 0;
  std::span<const float> values;
  std::shared_ptr<arrow::Buffer> owner;  ///< keeps `values` alive

  std::span<const float> row(int64_t index) const {
    return values.subspan(static_cast<size_t>(index) * dimension, dimension);
  }
};

/// `floats` as an array of fixed-size lists, `dimension` a row, without copying. kInvalidArgument
/// when the buffer is no whole number of rows.
Result<std::shared_ptr<arrow::Array>> MakeVectorArray(std::shared_ptr<arrow::Buffer> floats,
                                                      int32_t dimension);

/// The vectors of a column: fixed-size lists or lists of float16, float32, float64, as float32.
/// Fixed-size lists of float32 are not copied.
///
/// `dimension` of 0 takes that of the type or of the first row. kInvalidArgument names the row,
/// counted from `first_row`, that is null, has a null inside or another dimension; or the column's
/// type.
Result<VectorBlock> ReadVectors(const arrow::Array& column, int32_t dimension = 0,
                                int64_t first_row = 0);

/// kInvalidArgument names the first row, counted from `first_row`, that holds NaN or infinity.
Status CheckFinite(const VectorBlock& vectors, int64_t first_row = 0);

}  // namespace iolite::columnar
