#include "iolite/vector/qg/rotation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "iolite/vector/testing/random_vectors.h"

namespace iolite::vector::qg {
namespace {

using vector::testing::GaussianRows;

double Product(const float* a, const float* b, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

std::vector<float> Rotated(const Rotation& rotation, const float* values) {
  std::vector<float> rotated(rotation.padded(), 77.0f);
  rotation.Apply(values, rotation.dimension(), 1, rotated.data());
  return rotated;
}

TEST(Rotation, KeepsLengthsAndProducts) {
  for (uint32_t dimension = 1; dimension <= 1025; dimension += dimension < 70 ? 1 : 53) {
    const Rotation rotation(dimension, dimension);
    ASSERT_EQ(rotation.padded() % 32, 0u);
    ASSERT_GE(rotation.padded(), dimension);
    // Small vectors get more dimensions than they had.
    ASSERT_LE(rotation.padded(), std::max(256u, dimension + 31));
    const auto rows = GaussianRows(dimension, 2, dimension);
    const float *a = rows.data(), *b = rows.data() + dimension;
    const auto rotated_a = Rotated(rotation, a), rotated_b = Rotated(rotation, b);
    const double scale = Product(a, a, dimension) + Product(b, b, dimension);
    const size_t padded = rotation.padded();
    EXPECT_NEAR(Product(rotated_a.data(), rotated_a.data(), padded), Product(a, a, dimension),
                2e-6 * scale);
    EXPECT_NEAR(Product(rotated_a.data(), rotated_b.data(), padded), Product(a, b, dimension),
                2e-6 * scale);
  }
}

TEST(Rotation, KeepsTheLargestDimension) {
  const Rotation rotation(65'536, 1);
  const auto values = GaussianRows(1, 1, 65'536);
  const auto rotated = Rotated(rotation, values.data());
  const double squared = Product(values.data(), values.data(), values.size());
  EXPECT_NEAR(Product(rotated.data(), rotated.data(), rotated.size()), squared, 1e-5 * squared);
}

// One long element becomes many short ones: what makes a bit a dimension enough.
TEST(Rotation, SpreadsEveryElement) {
  for (uint32_t dimension : {32u, 100u, 384u, 784u, 1025u}) {
    const Rotation rotation(dimension, 7);
    for (uint32_t at : {0u, dimension / 2, dimension - 1}) {
      std::vector<float> unit(dimension);
      unit[at] = 1;
      const auto rotated = Rotated(rotation, unit.data());
      float largest = 0;
      for (float value : rotated) largest = std::max(largest, std::abs(value));
      EXPECT_LT(largest, 8 / std::sqrt(static_cast<float>(rotation.padded())))
          << dimension << " " << at;
    }
  }
}

TEST(Rotation, ScalesAndFillsUp) {
  const Rotation rotation(40, 3);
  const auto values = GaussianRows(2, 1, 40);
  std::vector<float> scaled(40), expected(rotation.padded()), rotated(rotation.padded());
  for (size_t i = 0; i < 40; ++i) scaled[i] = values[i] * 3;
  rotation.Apply(scaled.data(), 40, 1, expected.data());
  rotation.Apply(values.data(), 40, 3, rotated.data());
  for (size_t i = 0; i < rotated.size(); ++i) EXPECT_NEAR(rotated[i], expected[i], 1e-5);
  // Fewer values than dimensions: the rest is zero.
  std::vector<float> shorter(40);
  std::copy(values.begin(), values.begin() + 30, shorter.begin());
  rotation.Apply(shorter.data(), 40, 1, expected.data());
  rotation.Apply(values.data(), 30, 1, rotated.data());
  EXPECT_EQ(rotated, expected);
}

TEST(Rotation, FollowsFromTheSeed) {
  const auto values = GaussianRows(2, 1, 100);
  EXPECT_EQ(Rotated(Rotation(100, 5), values.data()), Rotated(Rotation(100, 5), values.data()));
  EXPECT_NE(Rotated(Rotation(100, 5), values.data()), Rotated(Rotation(100, 6), values.data()));
}

// Files rely on it: these figures must never change. Kernels of every set give the same bits
// (graph_kernels_test.cc).
TEST(Rotation, IsTheSameOnEveryMachine) {
  std::vector<float> values(300);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 7) - 2;
  const auto rotated = Rotated(Rotation(300, 0x696f6c697465), values.data());
  const float expected[] = {-1.16796875f, -1.57763671875f, 1.44287109375f, 1.22705078125f};
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(rotated[i * 90], expected[i], 1e-6) << i;
}

}  // namespace
}  // namespace iolite::vector::qg
