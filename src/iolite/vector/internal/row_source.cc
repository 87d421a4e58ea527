#include "iolite/vector/internal/row_source.h"

#include "iolite/vector/kernels/convert.h"
#include "iolite/vector/kernels/kernels.h"

namespace iolite::vector::internal {
namespace {

bool LosesNothing(ElementType type) {
  return type == ElementType::kF32 || type == ElementType::kU8 || type == ElementType::kBits;
}

float ScaleOf(const Matrix& matrix) {
  if (matrix.type != ElementType::kI8 || matrix.metric == Metric::kCosine) return 1;
  return matrix.metric == Metric::kL1 ? 1.0f / 127 : 1.0f / (127 * 127);
}

}  // namespace

const void* ElementQuery::As(ElementType type) {
  if (type == ElementType::kF32) return values_.data();
  if (elements_.empty()) {
    elements_.resize(kernels::RowBytes(type, values_.size()));
    kernels::ToElements(type, values_.data(), values_.size(), elements_.data());
  }
  return elements_.data();
}

RowSource::RowSource(const Matrix& stored, const IndexOpenOptions& options)
    : stored_(stored), exact_(stored), read_row_(options.read_row) {
  const bool enough = stored.rows != nullptr && LosesNothing(stored.type);
  if (!enough && options.rows != nullptr) {
    exact_.rows = options.rows;
    exact_.stride_bytes = options.rows_stride * sizeof(float);
    exact_.type = ElementType::kF32;
  } else if (!enough && read_row_) {
    exact_.rows = nullptr;
  }
  scale_ = ScaleOf(exact_);
}

Status RowSource::Offer(ElementQuery& query, std::span<const Neighbor> candidates,
                        TopK& top) const {
  if (exact_.rows == nullptr) return OfferRead(query, candidates, top);
  const std::vector<uint32_t> ids = RowsOf(candidates);
  std::vector<float> distances(ids.size());
  kernels::Kernels()
      .Of(exact_.metric, exact_.type)
      .gather(query.As(exact_.type), exact_.rows, exact_.stride_bytes, ids.data(), ids.size(),
              exact_.dimension, distances.data());
  for (size_t i = 0; i < ids.size(); ++i) top.Offer(ids[i], distances[i] * scale_);
  return Status::Ok();
}

Status RowSource::OfferRead(const ElementQuery& query, std::span<const Neighbor> candidates,
                            TopK& top) const {
  const auto pair = kernels::Kernels().Of(exact_.metric, ElementType::kF32).pair;
  std::vector<float> row(exact_.dimension);
  for (const Neighbor& candidate : candidates) {
    IOLITE_RETURN_IF_ERROR(read_row_(candidate.row, row));
    top.Offer(candidate.row, pair(query.values(), row.data(), exact_.dimension));
  }
  return Status::Ok();
}

std::vector<uint32_t> RowsOf(std::span<const Neighbor> neighbors) {
  std::vector<uint32_t> rows(neighbors.size());
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = neighbors[i].row;
  return rows;
}

}  // namespace iolite::vector::internal
