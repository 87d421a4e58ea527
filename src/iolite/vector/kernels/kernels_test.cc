#include "iolite/vector/kernels/kernels.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "iolite/vector/kernels/convert.h"
#include "iolite/vector/testing/random_vectors.h"

namespace iolite::vector::kernels {
namespace {

using testing::GaussianRows;
using testing::TrueDistance;

constexpr size_t kDimensions[] = {1, 3, 15, 16, 17, 31, 32, 33, 63, 64, 65, 384, 1025, 4096};
constexpr Metric kMetrics[] = {Metric::kCosine, Metric::kInnerProduct, Metric::kL2, Metric::kL1};
constexpr ElementType kTypes[] = {ElementType::kF32, ElementType::kF16, ElementType::kBF16,
                                  ElementType::kI8, ElementType::kU8};
constexpr size_t kRows = 11;

// Rows as elements of one type, apart by an odd stride, and what the elements stand for as f32.
struct Case {
  Case(ElementType type, size_t dimension, const std::vector<float>& values) : type(type) {
    stride = RowBytes(type, dimension + 3);
    const size_t row_count = values.size() / dimension;
    bytes.resize(row_count * stride);
    seen.resize(values.size());
    for (size_t r = 0; r < row_count; ++r) {
      ToElements(type, values.data() + r * dimension, dimension, Row(r));
      FromElements(type, Row(r), dimension, seen.data() + r * dimension);
    }
    // The kernels see the integers themselves.
    if (type == ElementType::kI8) {
      for (float& value : seen) value = std::round(value * 127);
    }
  }
  char* Row(size_t row) { return bytes.data() + row * stride; }

  ElementType type;
  size_t stride;
  std::vector<char> bytes;
  std::vector<float> seen;
};

double Scale(Metric metric, std::span<const float> a, std::span<const float> b) {
  if (metric == Metric::kCosine) return 1;
  double scale = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double sum = std::abs(a[i]) + std::abs(b[i]);
    scale += metric == Metric::kL2   ? sum * sum
             : metric == Metric::kL1 ? sum
                                     : std::abs(a[i] * b[i]);
  }
  return scale;
}

void ExpectTrueDistances(const KernelSet& set, Metric metric, Case& data, size_t dimension) {
  const auto& distance = set.Of(metric, data.type);
  float by_rows[kRows], by_gather[kRows];
  uint32_t ids[kRows];
  for (uint32_t r = 0; r < kRows; ++r) ids[r] = (r * 7) % kRows;
  distance.rows(data.Row(0), data.Row(0), data.stride, kRows, dimension, by_rows);
  distance.gather(data.Row(0), data.Row(0), data.stride, ids, kRows, dimension, by_gather);
  auto row = [&](size_t r) { return std::span(data.seen).subspan(r * dimension, dimension); };
  for (size_t r = 0; r < kRows; ++r) {
    const double expected = TrueDistance(metric, row(0), row(r));
    EXPECT_NEAR(by_rows[r], expected, 2e-6 * Scale(metric, row(0), row(r)) + 1e-37)
        << set.name << " " << MetricName(metric) << " " << ElementTypeName(data.type)
        << " dimension " << dimension << " row " << r;
    EXPECT_EQ(by_rows[ids[r]], by_gather[r]);
    EXPECT_EQ(by_rows[r], distance.pair(data.Row(0), data.Row(r), dimension));
  }
}

TEST(Kernels, EverySetGivesTheTrueDistance) {
  for (const KernelSet* set : UsableKernelSets()) {
    for (size_t dimension : kDimensions) {
      const auto values = GaussianRows(dimension, kRows, dimension);
      const auto whole = testing::WholeRows(dimension, kRows, dimension, 255);
      for (ElementType type : kTypes) {
        Case data(type, dimension, type == ElementType::kU8 ? whole : values);
        for (Metric metric : kMetrics) ExpectTrueDistances(*set, metric, data, dimension);
      }
    }
  }
}

TEST(Kernels, ZerosAndTinyNumbers) {
  for (const KernelSet* set : UsableKernelSets()) {
    for (size_t dimension : {1ul, 3ul, 63ul, 65ul, 1025ul}) {
      auto values = GaussianRows(7, kRows, dimension);
      for (size_t i = 0; i < dimension; ++i) {
        values[1 * dimension + i] = 0;
        values[2 * dimension + i] = 1e-40f;
        values[3 * dimension + i] *= 1e-6f;
      }
      for (ElementType type : {ElementType::kF32, ElementType::kBF16, ElementType::kF16}) {
        Case data(type, dimension, values);
        for (Metric metric : kMetrics) {
          // Cosine of what f16 rounds away is not asked for: the elements are what counts.
          ExpectTrueDistances(*set, metric, data, dimension);
        }
      }
    }
  }
}

TEST(Kernels, BitsAreCounted) {
  for (const KernelSet* set : UsableKernelSets()) {
    for (size_t dimension : {1ul, 3ul, 63ul, 64ul, 65ul, 513ul, 1025ul, 4096ul, 65'536ul}) {
      auto values = testing::WholeRows(dimension, kRows, dimension, 1);
      std::fill_n(values.begin() + dimension, dimension, 0.0f);
      std::fill_n(values.begin() + 2 * dimension, dimension, 1.0f);
      Case data(ElementType::kBits, dimension, values);
      EXPECT_EQ(data.seen, values);
      ExpectTrueDistances(*set, Metric::kHamming, data, dimension);
      ExpectTrueDistances(*set, Metric::kJaccard, data, dimension);
      const auto& jaccard = set->Of(Metric::kJaccard, ElementType::kBits);
      EXPECT_EQ(jaccard.pair(data.Row(1), data.Row(1), dimension), 0);
      EXPECT_EQ(jaccard.pair(data.Row(1), data.Row(2), dimension), 1);
      EXPECT_EQ(
          set->Of(Metric::kHamming, ElementType::kBits).pair(data.Row(1), data.Row(2), dimension),
          static_cast<float>(dimension));
    }
  }
}

TEST(Kernels, TheFarthestBytesDoNotOverflow) {
  constexpr size_t kDimension = 65'536;
  const std::vector<uint8_t> zeros(kDimension), ones(kDimension, 255);
  for (const KernelSet* set : UsableKernelSets()) {
    auto pair = [&](Metric metric, const auto& a, const auto& b) {
      return set->Of(metric, ElementType::kU8).pair(a.data(), b.data(), kDimension);
    };
    EXPECT_EQ(pair(Metric::kL2, zeros, ones), 65'025.0f * kDimension) << set->name;
    EXPECT_EQ(pair(Metric::kInnerProduct, ones, ones), -65'025.0f * kDimension) << set->name;
    EXPECT_EQ(pair(Metric::kL1, zeros, ones), 255.0f * kDimension) << set->name;
    EXPECT_EQ(pair(Metric::kCosine, ones, ones), 0) << set->name;
  }
}

TEST(Kernels, AVectorOfZerosIsAtCosineDistanceOne) {
  for (const KernelSet* set : UsableKernelSets()) {
    const std::vector<float> zero(65), one(65, 1.0f);
    const auto& f32 = set->Of(Metric::kCosine, ElementType::kF32);
    EXPECT_EQ(f32.pair(zero.data(), one.data(), 65), 1);
    EXPECT_EQ(f32.pair(one.data(), zero.data(), 65), 1);
    EXPECT_EQ(f32.pair(zero.data(), zero.data(), 65), 1);
  }
}

TEST(Kernels, ABlockGivesTheSameBitsAsOneQuery) {
  for (const KernelSet* set : UsableKernelSets()) {
    for (size_t dimension : {1ul, 3ul, 65ul, 384ul}) {
      const size_t row_count = 301, query_count = 71, stride = dimension + 5;
      const auto rows = GaussianRows(3, row_count, stride);
      const auto queries = GaussianRows(4, query_count, dimension);
      std::vector<float> block(query_count * row_count), one(row_count);
      for (Metric metric : kMetrics) {
        set->block[static_cast<size_t>(metric)](queries.data(), query_count, rows.data(),
                                                stride * 4, row_count, dimension, block.data());
        for (size_t q = 0; q < query_count; ++q) {
          set->Of(metric, ElementType::kF32)
              .rows(queries.data() + q * dimension, rows.data(), stride * 4, row_count, dimension,
                    one.data());
          ASSERT_EQ(0, std::memcmp(one.data(), block.data() + q * row_count, row_count * 4))
              << set->name << " " << MetricName(metric) << " dimension " << dimension;
        }
      }
    }
  }
}

TEST(Kernels, SquaredNormShowsWhatIsNotFinite) {
  for (const KernelSet* set : UsableKernelSets()) {
    for (size_t dimension : kDimensions) {
      std::vector<float> values(dimension, 1.0f);
      EXPECT_EQ(set->squared_norm(values.data(), dimension), static_cast<float>(dimension));
      for (float bad : {std::nanf(""), INFINITY, -INFINITY, 3e38f}) {
        values.back() = bad;
        EXPECT_FALSE(std::isfinite(set->squared_norm(values.data(), dimension)));
      }
    }
  }
}

TEST(Kernels, HadamardIsItsOwnInverse) {
  for (const KernelSet* set : UsableKernelSets()) {
    for (size_t count : {64ul, 128ul, 512ul, 4096ul}) {
      const auto values = GaussianRows(5, 1, count);
      auto changed = values;
      set->hadamard(changed.data(), count);
      double sum = 0;
      for (float value : values) sum += value;
      EXPECT_NEAR(changed[0], sum, 1e-3);
      set->hadamard(changed.data(), count);
      for (size_t i = 0; i < count; ++i) {
        ASSERT_NEAR(changed[i] / static_cast<float>(count), values[i], 1e-4) << set->name;
      }
    }
  }
}

TEST(Kernels, SignEstimatesSumTheElementsWhoseBitIsSet) {
  std::mt19937_64 random(9);
  for (const KernelSet* set : UsableKernelSets()) {
    for (size_t dimension : {64ul, 128ul, 512ul, 4096ul}) {
      const size_t row_count = 37, words = dimension / 64;
      const auto values = GaussianRows(11, row_count, dimension);
      // Runs of sixteen rows, each behind something else.
      const size_t stride = SignRows::StrideBytes(dimension), offset = 24;
      std::vector<std::vector<char>> runs(3, std::vector<char>(offset + 16 * stride));
      std::vector<const char*> starts;
      for (const auto& run : runs) starts.push_back(run.data());
      const SignRows rows{starts.data(), 4, offset, stride, dimension};
      std::vector<uint64_t> code(words);
      std::vector<int8_t> query(dimension);
      for (int8_t& element : query) element = static_cast<int8_t>(random() % 255 - 127);
      for (uint32_t r = 0; r < row_count; ++r) {
        double sum = 0;
        for (size_t d = 0; d < dimension; ++d) sum += std::abs(values[r * dimension + d]);
        EXPECT_NEAR(set->sign_bits(values.data() + r * dimension, dimension, code.data()), sum,
                    1e-4 * sum);
        const SignRows::Factors factors{static_cast<float>(r), 0.5f};
        char* row = runs[r / 16].data() + offset + r % 16 * stride;
        std::memcpy(row, code.data(), dimension / 8);
        std::memcpy(row + dimension / 8, &factors, sizeof(factors));
      }
      std::vector<uint32_t> ids;
      for (uint32_t r = 0; r < row_count; r += 2) ids.push_back(r);
      std::vector<float> estimates(ids.size());
      set->sign_estimates({query.data(), 3, 2}, rows, ids.data(), ids.size(), estimates.data());
      for (size_t i = 0; i < ids.size(); ++i) {
        int sum = 0;
        for (size_t d = 0; d < dimension; ++d) {
          if (values[ids[i] * dimension + d] < 0) sum += query[d];
        }
        ASSERT_EQ(estimates[i], static_cast<float>(ids[i]) + 0.5f * (3 + 2.0f * sum)) << set->name;
      }
    }
  }
}

TEST(Convert, EveryF16ComesBack) {
  for (const KernelSet* set : UsableKernelSets()) {
    for (uint32_t bits = 0; bits < 0x7c00; ++bits) {
      const auto half = static_cast<uint16_t>(bits);
      float value;
      FromElements(ElementType::kF16, &half, 1, &value);
      std::vector<float> many(17, value);
      std::vector<uint16_t> back(17);
      set->to_f16(many.data(), many.size(), back.data());
      ASSERT_EQ(back[0], half) << set->name;
      ASSERT_EQ(back[16], half) << set->name;
    }
  }
}

TEST(Convert, RoundsToTheNearest) {
  const auto values = GaussianRows(13, 1, 1000);
  for (ElementType type : {ElementType::kF16, ElementType::kBF16}) {
    std::vector<uint16_t> elements(1000);
    std::vector<float> back(1000);
    ToElements(type, values.data(), 1000, elements.data());
    FromElements(type, elements.data(), 1000, back.data());
    const float step = type == ElementType::kF16 ? 1.0f / 2048 : 1.0f / 256;
    for (size_t i = 0; i < 1000; ++i) {
      ASSERT_NEAR(back[i], values[i], std::abs(values[i]) * step + 1e-7);
    }
  }
}

}  // namespace
}  // namespace iolite::vector::kernels
