#include <gtest/gtest.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "iolite/vector/kernels/half.h"
#include "iolite/vector/kernels/kernels.h"
#include "iolite/vector/testing/random_vectors.h"

// The kernels of quantized indexes: against the plain formula, and every set against every other.

namespace iolite::vector::kernels {
namespace {

using testing::GaussianRows;

constexpr size_t kDimensions[] = {32, 64, 96, 384, 800, 1024, 1056, 2048, 4096, 65'536};
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr size_t kLanes = 32;

// Values of every kind that a rotated vector may hold: ordinary, zeros, and too small to be normal.
std::vector<float> MixedValues(uint64_t seed, size_t dimension) {
  auto values = GaussianRows(seed, 1, dimension);
  for (size_t i = 0; i < dimension; i += 7) values[i] = 0;
  for (size_t i = 3; i < dimension; i += 11) values[i] = i % 2 == 0 ? -0.0f : 1e-41f;
  return values;
}

template <class T>
bool SameBits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

TEST(GraphKernels, DistancesToBf16Rows) {
  for (const KernelSet* set : UsableKernelSets()) {
    for (size_t dimension : kDimensions) {
      for (float length : {1.0f, 0.0f, 1e-20f}) {
        auto query = MixedValues(dimension, dimension), row = MixedValues(dimension + 1, dimension);
        std::vector<uint16_t> halves(dimension);
        double l2 = 0, dot = 0, scale = 0;
        for (size_t i = 0; i < dimension; ++i) {
          halves[i] = F32ToBF16(row[i] * length);
          const double a = query[i], b = BF16ToF32(halves[i]);
          l2 += (a - b) * (a - b);
          dot += a * b;
          scale += (std::abs(a) + std::abs(b)) * (std::abs(a) + std::abs(b));
        }
        EXPECT_NEAR(set->l2_bf16(query.data(), halves.data(), dimension), l2, 2e-6 * scale)
            << set->name << " " << dimension;
        EXPECT_NEAR(set->dot_bf16(query.data(), halves.data(), dimension), dot, 2e-6 * scale)
            << set->name << " " << dimension;
      }
    }
  }
}

TEST(GraphKernels, DistancesOfTwoBf16Rows) {
  for (const KernelSet* set : UsableKernelSets()) {
    for (size_t dimension : kDimensions) {
      const auto a = MixedValues(dimension, dimension), b = MixedValues(dimension + 1, dimension);
      std::vector<uint16_t> first(dimension), second(dimension);
      double l2 = 0;
      for (size_t i = 0; i < dimension; ++i) {
        first[i] = F32ToBF16(a[i]);
        second[i] = F32ToBF16(b[i]);
        const double difference = double{BF16ToF32(first[i])} - BF16ToF32(second[i]);
        l2 += difference * difference;
      }
      EXPECT_NEAR(set->l2_rows(first.data(), second.data(), dimension), l2, 2e-6 * l2)
          << set->name << " " << dimension;
      EXPECT_EQ(set->l2_rows(first.data(), first.data(), dimension), 0) << set->name;
    }
  }
}

TEST(GraphKernels, WidenKeepsEveryBit) {
  std::mt19937_64 random(4);
  for (const KernelSet* set : UsableKernelSets()) {
    for (size_t count : {0ul, 1ul, 31ul, 32ul, 1056ul}) {
      std::vector<uint16_t> high(count);
      for (uint16_t& bits : high) bits = static_cast<uint16_t>(random());
      std::vector<float> wide(count);
      set->widen(high.data(), count, wide.data());
      for (size_t i = 0; i < count; ++i) {
        ASSERT_EQ(ToBits(wide[i]), uint32_t{high[i]} << 16) << set->name;
      }
    }
  }
}

TEST(GraphKernels, JoinAddsTheSignedDifference) {
  std::mt19937_64 random(3);
  for (const KernelSet* set : UsableKernelSets()) {
    for (size_t count : {0ul, 1ul, 31ul, 32ul, 1056ul}) {
      std::vector<uint16_t> high(count), low(count);
      std::vector<float> joined(count);
      for (size_t i = 0; i < count; ++i) {
        high[i] = static_cast<uint16_t>(random());
        low[i] = static_cast<uint16_t>(i % 5 == 0 ? 0x8000 : random());
      }
      set->join(high.data(), low.data(), count, joined.data());
      for (size_t i = 0; i < count; ++i) {
        const uint32_t bits = (uint32_t{high[i]} << 16) + static_cast<int16_t>(low[i]);
        ASSERT_EQ(ToBits(joined[i]), bits) << set->name;
      }
    }
  }
}

TEST(GraphKernels, MultiplyRoundsOnce) {
  for (const KernelSet* set : UsableKernelSets()) {
    for (size_t dimension : kDimensions) {
      const auto factors = MixedValues(1, dimension), values = MixedValues(2, dimension);
      auto changed = values;
      set->multiply(factors.data(), dimension, changed.data());
      for (size_t i = 0; i < dimension; ++i) {
        ASSERT_EQ(ToBits(changed[i]), ToBits(values[i] * factors[i])) << set->name << " " << i;
      }
    }
  }
}

TEST(GraphKernels, HadamardOfEverySizeIsTheSameInEverySet) {
  for (size_t count = 32; count <= 65'536; count *= 2) {
    const auto values = MixedValues(count, count);
    std::vector<float> first;
    for (const KernelSet* set : UsableKernelSets()) {
      auto changed = values;
      set->hadamard(changed.data(), count);
      if (first.empty()) first = changed;
      EXPECT_TRUE(SameBits(first, changed)) << set->name << " " << count;
    }
    // A few rows of the matrix: the sign is the parity of the common bits.
    for (size_t row : {size_t{0}, size_t{1}, count / 2 + 3, count - 1}) {
      double sum = 0;
      for (size_t i = 0; i < count; ++i) {
        sum += __builtin_parityll(row & i) != 0 ? -values[i] : values[i];
      }
      EXPECT_NEAR(first[row], sum, 1e-5 * std::sqrt(static_cast<double>(count))) << count;
    }
  }
}

TEST(GraphKernels, RankCountsWhatIsBelow) {
  std::mt19937_64 random(5);
  for (const KernelSet* set : UsableKernelSets()) {
    for (size_t count = 0; count < 150; ++count) {
      // Behind the values stands something small, which must not be counted.
      std::vector<float> values(count + 15, -kInfinity);
      for (size_t i = 0; i < count; ++i) values[i] = static_cast<float>(random() % 20);
      std::sort(values.begin(), values.begin() + static_cast<ptrdiff_t>(count));
      if (count > 3) values[count - 1] = kInfinity;
      for (float value : {-1.0f, 0.0f, 1e-41f, 7.0f, 7.5f, 19.0f, 20.0f, kInfinity, -kInfinity}) {
        const auto below = std::count_if(values.begin(), values.end() - 15,
                                         [value](float other) { return other < value; });
        ASSERT_EQ(set->rank(values.data(), count, value), static_cast<size_t>(below))
            << set->name << " " << count << " " << value;
      }
    }
  }
}

TEST(GraphKernels, EncodeEdgeTellsSignsAndSums) {
  for (const KernelSet* set : UsableKernelSets()) {
    for (size_t dimension : kDimensions) {
      const auto owner = MixedValues(1, dimension);
      auto target = MixedValues(2, dimension);
      for (size_t i = 0; i < dimension; i += 5) target[i] = owner[i];
      std::vector<uint32_t> words(dimension / 32, 0xabababab);
      const EdgeSums sums = set->encode_edge(owner.data(), target.data(), dimension, words.data());
      double squared = 0, absolute = 0, signs = 0, product = 0, scale = 0;
      for (size_t i = 0; i < dimension; ++i) {
        const float residual = target[i] - owner[i];
        const bool set_bit = (words[i / 32] >> (i % 32) & 1) != 0;
        ASSERT_EQ(set_bit, !(residual < 0)) << set->name << " " << i;
        squared += static_cast<double>(residual) * residual;
        absolute += std::abs(residual);
        signs += residual < 0 ? -owner[i] : owner[i];
        product += static_cast<double>(residual) * owner[i];
        scale += std::abs(static_cast<double>(owner[i])) + std::abs(residual);
      }
      EXPECT_NEAR(sums.squared_length, squared, 2e-6 * squared) << set->name;
      EXPECT_NEAR(sums.absolute_sum, absolute, 2e-6 * absolute) << set->name;
      EXPECT_NEAR(sums.owner_signs, signs, 2e-6 * scale) << set->name;
      EXPECT_NEAR(sums.owner_product, product, 2e-6 * (squared + scale)) << set->name;
    }
  }
}

TEST(GraphKernels, AnEdgeOfNoLengthHasNoSums) {
  for (const KernelSet* set : UsableKernelSets()) {
    const auto owner = MixedValues(1, 96);
    uint32_t words[3];
    const EdgeSums sums = set->encode_edge(owner.data(), owner.data(), 96, words);
    EXPECT_EQ(sums.squared_length, 0);
    EXPECT_EQ(sums.absolute_sum, 0);
    EXPECT_EQ(sums.owner_product, 0);
    for (uint32_t word : words) EXPECT_EQ(word, ~0u);
  }
}

struct Table {
  Table(const KernelSet& set, const std::vector<float>& query) : bytes(query.size() * 4, 0xcd) {
    set.make_scan_table(query.data(), query.size(), bytes.data(), &offset, &scale);
  }
  std::vector<uint8_t> bytes;
  float offset = 0, scale = 0;
};

void ExpectTable(const KernelSet& set, const std::vector<float>& query, const Table& table) {
  const double step = table.scale / 2;
  ASSERT_TRUE(std::isfinite(table.offset)) << set.name;
  ASSERT_TRUE(std::isfinite(table.scale) && table.scale > 0) << set.name;
  for (size_t d = 0; d < query.size(); d += 4) {
    double least = 0;
    for (size_t j = 0; j < 4; ++j) least += std::min(query[d + j], 0.0f);
    for (size_t entry = 0; entry < 16; ++entry) {
      double sum = -least;
      for (size_t j = 0; j < 4; ++j) sum += (entry >> j & 1) != 0 ? query[d + j] : 0.0f;
      ASSERT_NEAR(table.bytes[d * 4 + entry], sum / step, 0.501) << set.name << " " << d;
    }
  }
}

TEST(GraphKernels, ScanTablesHoldTheSumsOfSubsets) {
  for (size_t dimension : kDimensions) {
    for (float length : {1.0f, 1e-18f, 1e-36f, 1e-41f, 0.0f, 1e18f}) {
      auto query = MixedValues(dimension, dimension);
      for (float& value : query) value *= length;
      const Table first(*UsableKernelSets().front(), query);
      for (const KernelSet* set : UsableKernelSets()) {
        const Table table(*set, query);
        ExpectTable(*set, query, table);
        EXPECT_TRUE(SameBits(first.bytes, table.bytes)) << set->name << " " << dimension;
        EXPECT_EQ(ToBits(first.scale), ToBits(table.scale)) << set->name;
        EXPECT_EQ(ToBits(first.offset), ToBits(table.offset)) << set->name << " " << dimension;
      }
    }
  }
}

// Codes, factors and what the formula makes of them.
struct Block {
  Block(uint64_t seed, size_t dimension) : codes(dimension * 4), add(kLanes), rescale(kLanes) {
    std::mt19937_64 random(seed);
    for (uint8_t& code : codes) code = static_cast<uint8_t>(random());
    for (size_t i = 0; i < kLanes; ++i) {
      add[i] = static_cast<float>(random() % 1000) / 7;
      rescale[i] = static_cast<float>(random() % 1000) / -300;
    }
  }
  ScanBlock view() const { return {codes.data(), add.data(), rescale.data()}; }

  uint32_t Sum(const std::vector<uint8_t>& table, size_t lane) const {
    uint32_t sum = 0;
    for (size_t d = 0; d < codes.size() / 4; d += 16) {
      for (size_t g = 0; g < 4; ++g) {
        const uint8_t code = codes[d * 4 + lane % 16 * 4 + g];
        sum += table[d * 4 + g * 16 + (lane < 16 ? code & 0x0f : code >> 4)];
      }
    }
    return sum;
  }

  std::vector<uint8_t> codes;
  std::vector<float> add, rescale;
};

void ExpectEstimates(const Table& table, const Block& block, float base, float bound) {
  const size_t dimension = table.bytes.size() / 4;
  std::vector<float> expected(kLanes);
  uint32_t below = 0;
  for (size_t i = 0; i < kLanes; ++i) {
    const float sum = static_cast<float>(block.Sum(table.bytes, i)) * table.scale + table.offset;
    expected[i] = block.rescale[i] * sum + (block.add[i] + base);
    below |= uint32_t{expected[i] < bound} << i;
  }
  for (const KernelSet* set : UsableKernelSets()) {
    std::vector<float> estimates(kLanes);
    const uint32_t bits = set->scan_block({table.bytes.data(), table.offset, table.scale},
                                          block.view(), dimension, base, bound, estimates.data());
    EXPECT_TRUE(SameBits(expected, estimates)) << set->name << " " << dimension;
    EXPECT_EQ(bits, below) << set->name << " " << dimension << " bound " << bound;
  }
}

TEST(GraphKernels, ScanBlocksGiveTheSameBitsInEverySet) {
  for (size_t dimension : kDimensions) {
    const Table table(*UsableKernelSets().front(), MixedValues(dimension, dimension));
    const Block block(dimension, dimension);
    for (float bound : {kInfinity, -kInfinity, 0.0f, 20.0f, 1e-41f}) {
      ExpectEstimates(table, block, 3.25f, bound);
    }
  }
}

TEST(GraphKernels, TheLargestSumsDoNotOverflow) {
  for (size_t dimension : kDimensions) {
    Table table(*UsableKernelSets().front(), std::vector<float>(dimension, 0.0f));
    std::fill(table.bytes.begin(), table.bytes.end(), uint8_t{255});
    table.offset = 0;
    table.scale = 1;
    Block block(1, dimension);
    EXPECT_EQ(block.Sum(table.bytes, 17), dimension / 4 * 255);
    ExpectEstimates(table, block, 0, 0);
  }
}

TEST(GraphKernels, EmptyLanesAreNeverBelow) {
  for (size_t dimension : {32ul, 384ul, 1056ul}) {
    const Table table(*UsableKernelSets().front(), MixedValues(1, dimension));
    Block block(2, dimension);
    for (size_t i = 0; i < kLanes; i += 3) {
      block.add[i] = kInfinity;
      block.rescale[i] = 0;
    }
    for (float bound : {kInfinity, FLT_MAX, 100.0f}) {
      ExpectEstimates(table, block, 1, bound);
      for (const KernelSet* set : UsableKernelSets()) {
        float estimates[kLanes];
        const uint32_t bits = set->scan_block({table.bytes.data(), table.offset, table.scale},
                                              block.view(), dimension, 1, bound, estimates);
        for (size_t i = 0; i < kLanes; ++i) {
          EXPECT_FALSE(std::isnan(estimates[i])) << set->name;
          if (i % 3 == 0) {
            EXPECT_EQ(bits >> i & 1, 0u) << set->name << " bound " << bound;
          } else if (bound == kInfinity) {
            EXPECT_EQ(bits >> i & 1, 1u) << set->name;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace iolite::vector::kernels
