#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

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

  /// `dimension` in whole registers: what a rotated vector has.
  static uint32_t Padded(uint32_t dimension) { return (dimension + 31) / 32 * 32; }

  /// Rotates `count` values times `scale`, and zeros behind them, into padded() values.
  void Apply(const float* values, size_t count, float scale, float* rotated) const;

  uint32_t dimension() const { return dimension_; }
  uint32_t padded() const { return padded_; }

 private:
  uint32_t dimension_;
  uint32_t padded_;
  uint32_t block_;            // the largest power of two that fits
  std::vector<float> signs_;  // block_ for each round, with the scale of the transform
};

}  // namespace iolite::vector::qg
