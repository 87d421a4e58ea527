#include "iolite/vector/internal/query.h"

#include <algorithm>
#include <cmath>

#include "iolite/vector/kernels/kernels.h"

namespace iolite::vector::internal {
namespace {

constexpr int64_t kDimensionMax = 65'536;
constexpr double kUnitTolerance = 1e-3;

// What is wrong with a vector whose squared norm is no finite number.
Status NameFault(std::string_view what, std::span<const float> values) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) return InvalidArgument("{} holds NaN at position {}", what, i);
    if (std::isinf(values[i])) return InvalidArgument("{} holds infinity at position {}", what, i);
  }
  return InvalidArgument("{} is too long: the sum of its squares does not fit a 32-bit float",
                         what);
}

bool IsSound(const float* values, size_t dimension) {
  return std::isfinite(kernels::Kernels().squared_norm(values, dimension));
}

// Name(): what the values are.
template <class NameFunction>
Status CheckValues(std::span<const float> values, ElementType type, NameFunction name) {
  if (!IsSound(values.data(), values.size())) return NameFault(name(), values);
  if (type != ElementType::kU8 && type != ElementType::kBits) return Status::Ok();
  const float largest = type == ElementType::kU8 ? 255 : 1;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] >= 0 && values[i] <= largest && values[i] == std::floor(values[i])) continue;
    return InvalidArgument("{} holds {} at position {}: {} takes {}", name(), values[i], i,
                           ElementTypeName(type),
                           type == ElementType::kU8 ? "whole numbers from 0 to 255" : "0 and 1");
  }
  return Status::Ok();
}

}  // namespace

Status CheckQuery(std::span<const float> query, size_t dimension, ElementType type) {
  if (query.size() != dimension) {
    return InvalidArgument("The query vector has dimension {}, the index {}", query.size(),
                           dimension);
  }
  return CheckValues(query, type, [] { return std::string("The query vector"); });
}

Status CheckOut(const VectorSearch& request, int64_t row_count, size_t out_size) {
  const size_t needed = std::min<size_t>(request.k, row_count);
  if (out_size >= needed) return Status::Ok();
  return InvalidArgument("The answer needs room for {} neighbours, there is room for {}", needed,
                         out_size);
}

Status CheckBatch(size_t element_count, size_t query_count, size_t dimension, size_t kept,
                  size_t out_size) {
  if (element_count == query_count * dimension && out_size >= query_count * kept) {
    return Status::Ok();
  }
  return InvalidArgument(
      "{} queries of dimension {} need {} floats and room for {} neighbours; given were {} and {}",
      query_count, dimension, query_count * dimension, query_count * kept, element_count, out_size);
}

SearchStats NothingToFind(const VectorSearch& request) {
  SearchStats stats;
  stats.plan = "none";
  stats.reason = request.k == 0 ? "no rows are wanted" : "no row may appear";
  return stats;
}

Status CheckRows(std::span<const float> rows, size_t row_count, size_t dimension, int64_t first_row,
                 ElementType type) {
  if (rows.size() != row_count * dimension) {
    return InvalidArgument("{} rows of dimension {} are {} values, given were {}", row_count,
                           dimension, row_count * dimension, rows.size());
  }
  for (size_t r = 0; r < row_count; ++r) {
    IOLITE_RETURN_IF_ERROR(CheckValues(rows.subspan(r * dimension, dimension), type, [&] {
      return fmt::format("Row {}", first_row + static_cast<int64_t>(r));
    }));
  }
  return Status::Ok();
}

Status CheckUnitRows(Metric metric, ElementType type, std::span<const float> rows, size_t dimension,
                     int64_t first_row) {
  if (type != ElementType::kI8 || metric == Metric::kCosine) return Status::Ok();
  for (size_t r = 0; r < rows.size() / dimension; ++r) {
    const double norm =
        std::sqrt(kernels::Kernels().squared_norm(rows.data() + r * dimension, dimension));
    if (norm != 0 && std::abs(norm - 1) > kUnitTolerance) {
      return InvalidArgument(
          "Row {} has length {}: i8 keeps a vector's direction only. Normalise the rows, or take "
          "cosine, or bf16",
          first_row + static_cast<int64_t>(r), norm);
    }
  }
  return Status::Ok();
}

Status CheckDimension(int64_t dimension) {
  if (dimension >= 1 && dimension <= kDimensionMax) return Status::Ok();
  return InvalidArgument("A vector index takes dimensions from 1 to {}, not {}", kDimensionMax,
                         dimension);
}

}  // namespace iolite::vector::internal
