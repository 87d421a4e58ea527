#include "iolite/vector/qg/code_bounds.h"

namespace iolite::vector::qg {
namespace {

// The signs of a rotated vector of many dimensions make an angle with it whose cosine is that of a
// normal distribution, sqrt(2 / pi).
constexpr float kAcross = 0.603f;
// Standard deviations: the nearest row of all is at the edge of an answer of one, and must not be
// missed for it. One in four thousand is.
constexpr float kDeviations = 3.5f;

}  // namespace

CodeBounds::CodeBounds(const Layout& layout, const Space& space, std::span<const float> mean,
                       const Query& query)
    : table_(query.values, layout.sign_bits()), factors_at_(layout.sign_bits() / 8) {
  const auto& kernels = kernels::Kernels();
  const float* values = query.values.data();
  const float from_mean =
      kernels.Of(Metric::kL2, ElementType::kF32).pair(values, mean.data(), mean.size());
  error_ = kDeviations * kAcross * std::sqrt(from_mean);
  if (!space.products()) {
    base_ = from_mean;
    return;
  }
  float product = 0;
  for (size_t i = 0; i < mean.size(); ++i) product += values[i] * mean[i];
  base_ = query.product_offset - product;
}

}  // namespace iolite::vector::qg
