#pragma once

#include <cstddef>
#include <cstdint>

#include "iolite/vector/index.h"
#include "iolite/vector/internal/survivors.h"
#include "iolite/vector/internal/top_k.h"

namespace iolite::vector::internal {

/// Rows of one element type that lie `stride_bytes` apart. Borrows.
struct Matrix {
  const void* rows = nullptr;
  size_t stride_bytes = 0;
  uint32_t row_count = 0;
  size_t dimension = 0;
  Metric metric = Metric::kCosine;
  ElementType type = ElementType::kF32;
};

/// Offers the distance of every surviving row to `top`. `query` has the matrix' element type. Asks
/// `context` every few thousand rows.
Status ExactScan(const RequestContext& context, const Matrix& matrix, const void* query,
                 const Survivors& survivors, TopK& top);

/// VectorIndex::SearchBatch by exact comparison over f32 rows: each row is read once for a tile of
/// queries. The answers are those of ExactScan, to the bit.
Status ExactBatch(const RequestContext& context, Executor& executor, const Matrix& matrix,
                  std::span<const float> queries, const VectorSearch& request,
                  std::span<Neighbor> out, std::span<size_t> counts);

}  // namespace iolite::vector::internal
