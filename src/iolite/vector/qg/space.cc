#include "iolite/vector/qg/space.h"

#include <algorithm>
#include <cmath>

namespace iolite::vector::qg {

Space::Space(Metric metric, uint32_t dimension, uint64_t seed)
    : metric_(metric),
      dimension_(dimension),
      rotation_(dimension + (metric == Metric::kInnerProduct ? 1 : 0), seed) {
  if (metric_ != Metric::kInnerProduct) return;
  std::vector<float> unit(rotation_.dimension());
  unit.back() = 1;
  lift_.resize(padded());
  rotation_.Apply(unit.data(), rotation_.dimension(), 1, lift_.data());
}

void Space::RotateRow(const float* values, float* rotated) const {
  rotation_.ApplyFor(metric_, values, dimension_, rotated);
}

void Space::Lift(float length_max, float* rotated) const {
  if (lift_.empty()) return;
  const float norm = kernels::Kernels().squared_norm(rotated, padded());
  const float lift = std::sqrt(std::max(0.0f, length_max * length_max - norm));
  for (uint32_t i = 0; i < padded(); ++i) rotated[i] += lift * lift_[i];
}

void Space::RotateQuery(std::span<const float> values, float length_max, Query& query) const {
  query.values.resize(padded());
  RotateRow(values.data(), query.values.data());
  SetOffset(length_max, query);
}

void Space::RowAsQuery(const float* rotated, float length_max, Query& query) const {
  query.values.assign(rotated, rotated + padded());
  SetOffset(length_max, query);
  MakeTable(query);
}

void Space::SetOffset(float length_max, Query& query) const {
  query.product_offset = 1;
  if (metric_ == Metric::kInnerProduct) {
    // Half the squared distance between query and row, both with the added dimension.
    query.product_offset =
        (kernels::Kernels().squared_norm(query.values.data(), padded()) + length_max * length_max) /
        2;
  }
}

void Space::MakeTable(Query& query) const {
  query.table_bytes.resize(size_t{padded()} * 4);
  kernels::Kernels().make_scan_table(query.values.data(), padded(), query.table_bytes.data(),
                                     &query.table.offset, &query.table.scale);
  query.table.bytes = query.table_bytes.data();
}

float Space::ExactDistance(const Query& query, const uint16_t* high, const uint16_t* low) const {
  const auto& kernels = kernels::Kernels();
  const float* values = query.values.data();
  if (!products()) {
    return low != nullptr ? kernels.l2_split(values, high, low, padded())
                          : kernels.l2_bf16(values, high, padded());
  }
  const float product = low != nullptr ? kernels.dot_split(values, high, low, padded())
                                       : kernels.dot_bf16(values, high, padded());
  return metric_ == Metric::kCosine ? 1 - product : -product;
}

}  // namespace iolite::vector::qg
