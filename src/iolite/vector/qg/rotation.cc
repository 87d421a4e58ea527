#include "iolite/vector/qg/rotation.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "iolite/base/random.h"
#include "iolite/vector/kernels/kernels.h"

namespace iolite::vector::qg {
namespace {

constexpr uint32_t kRounds = 4;
constexpr uint32_t kUnit = 32;
constexpr uint32_t kSignsMin = 192, kSignsEnough = 256;

}  // namespace

uint32_t Rotation::Padded(uint32_t dimension) {
  const uint32_t enough = std::max(kSignsMin, std::min(2 * dimension, kSignsEnough));
  return (std::max(dimension, enough) + kUnit - 1) / kUnit * kUnit;
}

Rotation::Rotation(uint32_t dimension, uint64_t seed)
    : dimension_(dimension), padded_(Padded(dimension)), block_(std::bit_floor(padded_)) {
  auto random = Random::Seeded(seed);
  signs_.resize(size_t{block_} * kRounds);
  const float scale = 1 / std::sqrt(static_cast<float>(block_));
  for (size_t i = 0; i < signs_.size(); i += 64) {
    const uint64_t bits = random->NextBits();
    for (size_t j = i; j < std::min(i + 64, signs_.size()); ++j) {
      signs_[j] = ((bits >> (j - i)) & 1) != 0 ? scale : -scale;
    }
  }
}

void Rotation::Apply(const float* values, size_t count, float scale, float* rotated) const {
  const auto& kernels = kernels::Kernels();
  for (size_t i = 0; i < count; ++i) rotated[i] = values[i] * scale;
  std::fill(rotated + count, rotated + padded_, 0.0f);
  for (uint32_t round = 0; round < kRounds; ++round) {
    float* part = round % 2 == 0 ? rotated : rotated + (padded_ - block_);
    kernels.multiply(signs_.data() + size_t{round} * block_, block_, part);
    kernels.hadamard(part, block_);
  }
}

void Rotation::ApplyFor(Metric metric, const float* values, size_t count, float* rotated) const {
  float scale = 1;
  if (metric == Metric::kCosine) {
    const float norm = kernels::Kernels().squared_norm(values, count);
    scale = norm > 0 ? 1 / std::sqrt(norm) : 0;
  }
  Apply(values, count, scale, rotated);
}

}  // namespace iolite::vector::qg
