#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "iolite/vector/index.h"

namespace iolite::vector::internal {

/// kInvalidArgument unless `query` has `dimension` finite elements whose squares can be summed, and
/// which u8 and bits can hold where `type` is one of those.
Status CheckQuery(std::span<const float> query, size_t dimension,
                  ElementType type = ElementType::kF32);

/// kInvalidArgument when `out` cannot hold min(k, row_count) neighbours.
Status CheckOut(const VectorSearch& request, int64_t row_count, size_t out_size);

/// kInvalidArgument unless a batch has `query_count` whole queries, and room for `kept` neighbours
/// of each.
Status CheckBatch(size_t element_count, size_t query_count, size_t dimension, size_t kept,
                  size_t out_size);

/// The explanation of a search that wants no rows or may have none.
SearchStats NothingToFind(const VectorSearch& request);

/// kInvalidArgument, naming the first row (counted from `first_row`) with NaN, infinity, too large
/// a length for f32 or what `type` cannot hold.
Status CheckRows(std::span<const float> rows, size_t row_count, size_t dimension, int64_t first_row,
                 ElementType type = ElementType::kF32);

/// kInvalidArgument, naming the first row, when i8 would lose a length that the metric needs: it
/// keeps a row's direction only, so metrics other than cosine want rows of length 1.
Status CheckUnitRows(Metric metric, ElementType type, std::span<const float> rows, size_t dimension,
                     int64_t first_row);

/// kInvalidArgument unless 1 <= dimension <= 65,536.
Status CheckDimension(int64_t dimension);

}  // namespace iolite::vector::internal
