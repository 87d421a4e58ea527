#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "iolite/vector/index.h"

namespace iolite::vector::qg {

/// A random orthonormal rotation: rounds of random signs and a Walsh-Hadamard transform, each over
/// as many leading or trailing dimensions as make a power of two (compare Ailon and Chazelle, "The
/// fast Johnson-Lindenstrauss transform", 2009). The same seed gives the same rotation on every
/// machine.
///
/// Threads: any number.
class Rotation {
 public:
  Rotation(uint32_t dimension, uint64_t seed);

  /// What a rotated vector has: whole registers, and of small vectors more than they had, because a
  /// sign says little of a few dimensions. (25 dimensions: 1.7 times as many searches a second at
  /// recall .99 with 192 signs as with 64; 128: 1.2 times with 256.)
  static uint32_t Padded(uint32_t dimension);

  /// Rotates `count` values times `scale`, and zeros behind them, into padded() values.
  void Apply(const float* values, size_t count, float scale, float* rotated) const;
  /// The same with the scale that suits a metric: for cosine rows are made 1 long, and those too
  /// short for it 0.
  void ApplyFor(Metric metric, const float* values, size_t count, float* rotated) const;

  uint32_t dimension() const { return dimension_; }
  uint32_t padded() const { return padded_; }

 private:
  uint32_t dimension_;
  uint32_t padded_;
  uint32_t block_;            // the largest power of two that fits
  std::vector<float> signs_;  // block_ for each round, with the scale of the transform
};

}  // namespace iolite::vector::qg
