#include "iolite/text/kernels/kernels.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace iolite::text::kernels {
namespace {

std::vector<uint32_t> RandomBlock(std::mt19937_64& random, uint32_t width) {
  std::vector<uint32_t> values(kBlock);
  const uint64_t mask = (uint64_t{1} << width) - 1;
  for (uint32_t& value : values) value = static_cast<uint32_t>(random() & mask);
  return values;
}

TEST(Kernels, EverySetUnpacksWhatWasPackedAtEveryWidth) {
  constexpr uint64_t kSeed = 3;
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  std::mt19937_64 random(kSeed);
  for (const KernelSet* set : UsableKernelSets()) {
    for (uint32_t width = 0; width <= 32; ++width) {
      SCOPED_TRACE(::testing::Message() << set->name << ", width " << width);
      const auto values = RandomBlock(random, width);
      ASSERT_LE(WidthOf(values), width);
      std::vector<uint8_t> packed(PackedBytes(width));
      Pack(values.data(), width, packed.data());
      std::vector<uint32_t> unpacked(kBlock), rows(kBlock), expected(kBlock);
      set->unpack(packed.data(), width, unpacked.data());
      EXPECT_EQ(unpacked, values);
      // Row numbers, added up one by one; they may go round where widths are large.
      const uint32_t before = static_cast<uint32_t>(random());
      for (uint32_t i = 0, row = before; i < kBlock; ++i) expected[i] = row = row + 1 + values[i];
      set->unpack_rows(packed.data(), width, before, rows.data());
      EXPECT_EQ(rows, expected);
    }
  }
}

TEST(Kernels, EverySetScoresToTheSameBits) {
  constexpr uint64_t kSeed = 4;
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  std::mt19937_64 random(kSeed);
  std::uniform_real_distribution<float> norm(0, 40), weight(1, 1 << 28);
  for (int round = 0; round < 300; ++round) {
    const auto tfs = RandomBlock(random, round % 12);
    std::vector<float> norms(kBlock);
    for (float& n : norms) n = round % 7 == 0 ? 0 : norm(random);
    const float w = weight(random);
    std::vector<int32_t> expected(kBlock), scores(kBlock);
    for (size_t i = 0; i < kBlock; ++i) {
      const volatile float tf = static_cast<float>(tfs[i] + 1), sum = tf + norms[i],
                           part = tf / sum;
      const volatile float score = w * part;
      expected[i] = 1 + static_cast<int32_t>(score);
    }
    for (const KernelSet* set : UsableKernelSets()) {
      for (const size_t count : {kBlock, size_t{77}, size_t{1}}) {
        set->score(tfs.data(), norms.data(), count, w, scores.data());
        ASSERT_TRUE(std::equal(scores.begin(), scores.begin() + static_cast<int64_t>(count),
                               expected.begin()))
            << set->name;
      }
    }
  }
}

TEST(Kernels, EverySetFindsWhatIsAbove) {
  constexpr uint64_t kSeed = 5;
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  std::mt19937_64 random(kSeed);
  for (const KernelSet* set : UsableKernelSets()) {
    std::vector<int32_t> sums(4096);
    for (int32_t& sum : sums) sum = static_cast<int32_t>(random() % 9);
    for (const int32_t wanted : {0, 4, 8}) {
      std::vector<uint64_t> bits(sums.size() / 64, ~0ull);
      set->find_above(sums.data(), sums.size(), wanted, bits.data());
      for (size_t i = 0; i < sums.size(); ++i) {
        ASSERT_EQ((bits[i / 64] >> (i % 64) & 1) != 0, sums[i] > wanted) << set->name << " " << i;
      }
    }
  }
}

}  // namespace
}  // namespace iolite::text::kernels
