#include "iolite/columnar/row_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "iolite/base/random.h"

namespace iolite::columnar {
namespace {

constexpr uint64_t kSeed = 20261121;

/// Arrays, bitsets and runs, over several containers.
RowSet MixedRows(Random& random, std::set<uint32_t>& expected) {
  RowSet rows = RowSet::Range(3 << 16, (3 << 16) + 40'000);  // a run
  for (uint32_t i = 3 << 16; i < (3 << 16) + 40'000; ++i) expected.insert(i);
  for (int i = 0; i < 200; ++i) {  // an array
    const auto ordinal = static_cast<uint32_t>(random.NextBelow(65536));
    rows.Add(ordinal);
    expected.insert(ordinal);
  }
  for (int i = 0; i < 30'000; ++i) {  // a bitset
    const auto ordinal = static_cast<uint32_t>(65536 + random.NextBelow(65536));
    rows.Add(ordinal);
    expected.insert(ordinal);
  }
  return rows;
}

TEST(RowSet, HoldsWhatWasAdded) {
  RowSet rows;
  EXPECT_TRUE(rows.empty());
  rows.Add(7);
  rows.Add(4'294'967'295u);
  rows.Add(7);
  EXPECT_EQ(rows.cardinality(), 2u);
  EXPECT_TRUE(rows.Contains(4'294'967'295u));
  EXPECT_FALSE(rows.Contains(8));
  rows.Remove(7);
  EXPECT_EQ(rows.ToVector(), std::vector<uint32_t>{4'294'967'295u});
}

TEST(RowSet, CopiesAreIndependent) {
  RowSet rows = RowSet::Range(0, 10);
  RowSet copy = rows;
  copy.Remove(3);
  EXPECT_TRUE(rows.Contains(3));
  rows = copy;
  EXPECT_EQ(rows, copy);
  EXPECT_EQ(rows.cardinality(), 9u);
}

TEST(RowSet, EmptyRangesAreEmpty) {
  EXPECT_TRUE(RowSet::Range(5, 5).empty());
  EXPECT_TRUE(RowSet::Range(6, 5).empty());
  EXPECT_TRUE(RowSet::Of({}).empty());
}

TEST(RowSet, CombinesLikeSets) {
  const RowSet left = RowSet::Range(0, 100), right = RowSet::Range(50, 150);
  EXPECT_EQ(left.And(right), RowSet::Range(50, 100));
  EXPECT_EQ(left.Or(right), RowSet::Range(0, 150));
  EXPECT_EQ(left.AndNot(right), RowSet::Range(0, 50));
  EXPECT_EQ(left.AndCardinality(right), 50u);
}

TEST(RowSet, WordsAgreeWithMembershipAtEveryLength) {
  auto random = Random::Seeded(kSeed);
  std::set<uint32_t> expected;
  const RowSet rows = MixedRows(*random, expected);
  for (uint32_t row_count :
       {0u, 1u, 63u, 64u, 65u, 65'536u, 65'600u, 131'072u, 230'001u, 300'000u}) {
    const auto words = rows.ToWords(row_count);
    ASSERT_EQ(words.size(), (row_count + 63) / 64);
    for (uint32_t i = 0; i < words.size() * 64; ++i) {
      const bool bit = words[i / 64] >> (i % 64) & 1;
      ASSERT_EQ(bit, i < row_count && expected.contains(i)) << i << " of " << row_count;
    }
  }
}

TEST(RowSet, WordsAndBack) {
  auto random = Random::Seeded(kSeed);
  std::set<uint32_t> expected;
  const RowSet rows = MixedRows(*random, expected);
  EXPECT_EQ(RowSet::FromWords(rows.ToWords(400'000)), rows);
}

TEST(RowSet, VisitsInAscendingOrder) {
  auto random = Random::Seeded(kSeed);
  std::set<uint32_t> expected;
  std::vector<uint32_t> visited;
  MixedRows(*random, expected).ForEach([&](uint32_t ordinal) { visited.push_back(ordinal); });
  EXPECT_TRUE(std::equal(visited.begin(), visited.end(), expected.begin(), expected.end()));
}

TEST(RowSet, SurvivesSerialization) {
  auto random = Random::Seeded(kSeed);
  std::set<uint32_t> expected;
  const RowSet rows = MixedRows(*random, expected);
  for (const auto& set : {rows, RowSet(), RowSet::Range(0, 1)}) {
    auto read = RowSet::Deserialize(set.Serialize());
    ASSERT_TRUE(read.ok()) << read.status().ToString();
    EXPECT_EQ(*read, set);
  }
}

TEST(RowSet, RefusesEveryTruncationAndTrailingBytes) {
  const std::vector<uint32_t> ordinals = {1, 5, 70'000, 200'000, 1'000'000};
  const std::string bytes = RowSet::Of(ordinals).Or(RowSet::Range(300'000, 301'000)).Serialize();
  for (size_t size = 0; size < bytes.size(); ++size) {
    auto read = RowSet::Deserialize(std::string_view(bytes).substr(0, size));
    ASSERT_FALSE(read.ok()) << size;
    EXPECT_EQ(read.status().code(), StatusCode::kDataLoss);
  }
  EXPECT_FALSE(RowSet::Deserialize(bytes + "x").ok());
}

TEST(RowSet, DamagedBytesGiveAnErrorOrASoundSet) {
  auto random = Random::Seeded(kSeed);
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  std::set<uint32_t> expected;
  const std::string bytes = MixedRows(*random, expected).Serialize();
  for (int round = 0; round < 2000; ++round) {
    std::string damaged = bytes;
    // Headers are small: aim half of the damage at them.
    const size_t reach = round % 2 ? damaged.size() : 32;
    damaged[random->NextBelow(reach)] ^= static_cast<char>(1 + random->NextBelow(255));
    auto read = RowSet::Deserialize(damaged);
    if (read.ok()) {
      EXPECT_EQ(read->ToVector().size(), read->cardinality());
    } else {
      EXPECT_EQ(read.status().code(), StatusCode::kDataLoss);
    }
  }
}

}  // namespace
}  // namespace iolite::columnar
