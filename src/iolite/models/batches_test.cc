#include "iolite/models/batches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

namespace iolite::models {
namespace {

using ::testing::ElementsAre;

std::vector<uint32_t> Offsets(const std::vector<uint32_t>& lengths) {
  std::vector<uint32_t> offsets = {0};
  for (const uint32_t length : lengths) offsets.push_back(offsets.back() + length);
  return offsets;
}

TEST(PlanBatches, LongestFirstAndWithinTheBudget) {
  const auto batches = PlanBatches(
      Offsets({3, 9, 4, 2}), {.padded_token_count_max = 10, .text_count_max = 8, .length_max = 16});
  ASSERT_EQ(batches.size(), 3u);
  EXPECT_THAT(batches[0].texts, ElementsAre(1));
  EXPECT_EQ(batches[0].length, 9);
  EXPECT_THAT(batches[1].texts, ElementsAre(2, 0));
  EXPECT_EQ(batches[1].length, 4);
  EXPECT_THAT(batches[2].texts, ElementsAre(3));
}

TEST(PlanBatches, RoundsLengthsButNotPastTheModel) {
  const BatchLimits limits = {
      .padded_token_count_max = 1, .text_count_max = 8, .length_step = 8, .length_max = 12};
  const auto batches = PlanBatches(Offsets({9, 3}), limits);
  EXPECT_EQ(batches[0].length, 12);
  EXPECT_EQ(batches[1].length, 8);
}

TEST(PlanBatches, ATextWithoutTokensHasOneColumn) {
  const auto batches = PlanBatches(
      Offsets({0}), {.padded_token_count_max = 8, .text_count_max = 8, .length_max = 8});
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_EQ(batches[0].length, 1);
}

TEST(PlanBatches, NothingGivesNothing) {
  EXPECT_TRUE(PlanBatches(Offsets({}), {.padded_token_count_max = 8, .text_count_max = 8}).empty());
}

TEST(PlanBatches, EveryTextRunsOnceAndFits) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 50; ++round) {
    std::vector<uint32_t> lengths(random() % 300);
    for (uint32_t& length : lengths) length = random() % 257;
    const BatchLimits limits = {.padded_token_count_max = 1 + static_cast<int32_t>(random() % 2000),
                                .text_count_max = 1 + static_cast<int32_t>(random() % 64),
                                .length_step = 1 + static_cast<int32_t>(random() % 16),
                                .length_max = 256};
    std::multiset<uint32_t> seen;
    for (const Batch& batch : PlanBatches(Offsets(lengths), limits)) {
      ASSERT_FALSE(batch.texts.empty());
      EXPECT_LE(batch.texts.size(), static_cast<size_t>(limits.text_count_max));
      EXPECT_LE(batch.length, 256);
      if (batch.texts.size() > 1) {
        EXPECT_LE(batch.length * static_cast<int32_t>(batch.texts.size()),
                  limits.padded_token_count_max);
      }
      for (const uint32_t text : batch.texts) {
        EXPECT_LE(lengths[text], static_cast<uint32_t>(batch.length));
        seen.insert(text);
      }
    }
    EXPECT_EQ(seen.size(), lengths.size());
    EXPECT_EQ(std::set<uint32_t>(seen.begin(), seen.end()).size(), lengths.size());
  }
}

}  // namespace
}  // namespace iolite::models
