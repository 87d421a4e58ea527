#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>

#include "iolite/base/status.h"

namespace iolite::search::internal {

/// One value in some array; null where `array` is.
struct ValueAt {
  const arrow::Array* array = nullptr;
  int64_t index = 0;
};

/// An array of `type` of values that stand in several arrays of that type.
Result<std::shared_ptr<arrow::Array>> Gather(const std::shared_ptr<arrow::DataType>& type,
                                             std::span<const ValueAt> values);

/// Rows of a column in this order; null for a row below 0.
Result<std::shared_ptr<arrow::Array>> GatherRows(const arrow::ChunkedArray& column,
                                                 std::span<const int64_t> rows);

}  // namespace iolite::search::internal
