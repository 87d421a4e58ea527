#include "iolite/vector/qg/code_bounds.h"

#include <gtest/gtest.h>

#include <vector>

#include "iolite/vector/qg/edges.h"
#include "iolite/vector/qg/vertices.h"
#include "iolite/vector/qg/walk.h"
#include "iolite/vector/testing/random_vectors.h"

namespace iolite::vector::qg {
namespace {

using iolite::vector::testing::EmbeddingRows;

// The share of rows whose distance lies within its bounds.
double ShareWithin(Metric metric, uint32_t dimension) {
  constexpr size_t kRows = 400;
  const auto rows = EmbeddingRows(dimension, kRows + 1, dimension, false);
  const Space space(metric, dimension, 7);
  const Layout layout = Layout::For({.padded = space.padded()}, kRows);
  std::vector<std::vector<float>> rotated(kRows, std::vector<float>(space.padded()));
  std::vector<float> mean(space.padded(), 0.0f);
  float length_max = 0;
  for (size_t row = 0; row < kRows; ++row) {
    space.RotateRow(rows.data() + row * dimension, rotated[row].data());
    length_max = std::max(
        length_max, kernels::Kernels().squared_norm(rotated[row].data(), rotated[row].size()));
  }
  length_max = std::sqrt(length_max);
  for (auto& row : rotated) {
    space.Lift(length_max, row.data());
    for (size_t d = 0; d < row.size(); ++d) mean[d] += row[d] / kRows;
  }
  Query query;
  space.RotateQuery(std::span(rows).last(dimension), length_max, query);
  const CodeBounds bounds(layout, space, mean, query);
  size_t within = 0;
  for (const auto& row : rotated) {
    std::vector<char> signs(layout.signs().bytes);
    WriteSigns(layout, space, mean.data(), row.data(), signs.data());
    std::vector<uint16_t> high(space.padded()), low(space.padded());
    WriteVector(layout, row.data(), high.data(), low.data());
    const float distance = RowDistance(query, space.products(), high.data(), space.padded());
    const uint32_t slot = 0;
    float estimate = 0;
    const char* run = signs.data();
    const kernels::SignRows code{&run, 31, 0, layout.signs().bytes, layout.sign_bits()};
    kernels::Kernels().sign_estimates(bounds.query(), code, &slot, 1, &estimate);
    within += std::abs(bounds.Distance(estimate) - distance) <= bounds.ErrorOf(signs.data());
  }
  return static_cast<double>(within) / kRows;
}

// At 3.5 standard deviations of an error that is normal, .9995 of all.
TEST(CodeBounds, HoldForNearlyAllRows) {
  for (const Metric metric : {Metric::kL2, Metric::kCosine, Metric::kInnerProduct}) {
    for (const uint32_t dimension : {24u, 96u, 384u, 1000u}) {
      const double share = ShareWithin(metric, dimension);
      EXPECT_GE(share, 0.99) << MetricName(metric) << " " << dimension;
    }
  }
}

}  // namespace
}  // namespace iolite::vector::qg
