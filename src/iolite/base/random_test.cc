#include "iolite/base/random.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace iolite {
namespace {

TEST(Random, OneSeedGivesOneSequence) {
  auto a = Random::Seeded(7);
  auto b = Random::Seeded(7);
  auto c = Random::Seeded(8);
  const uint64_t first = a->NextBits();
  EXPECT_EQ(first, b->NextBits());
  EXPECT_NE(first, c->NextBits());
  EXPECT_NE(first, a->NextBits());
}

TEST(Random, SplitMix64MatchesItsPublishedSequence) {
  auto random = Random::Seeded(1234567);
  EXPECT_EQ(random->NextBits(), 6457827717110365317u);
  EXPECT_EQ(random->NextBits(), 3203168211198807973u);
  EXPECT_EQ(random->NextBits(), 9817491932198370423u);
}

TEST(Random, BelowReachesEveryNumberAndNoOther) {
  auto random = Random::Seeded(1);
  std::array<int, 5> seen{};
  for (int i = 0; i < 1000; ++i) ++seen.at(random->NextBelow(5));
  for (int count : seen) EXPECT_GT(count, 100);
  EXPECT_EQ(random->NextBelow(1), 0u);
}

TEST(Random, UnitStaysBelowOne) {
  auto random = Random::Seeded(2);
  for (int i = 0; i < 1000; ++i) {
    const double unit = random->NextUnit();
    EXPECT_GE(unit, 0.0);
    EXPECT_LT(unit, 1.0);
  }
}

TEST(Random, HexHasTheDigitsAskedFor) {
  const std::string hex = Random::System().NextHex(8);
  EXPECT_EQ(hex.size(), 8u);
  EXPECT_EQ(hex.find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(Random, TheSystemsDoesNotRepeatItself) {
  std::set<uint64_t> seen;
  for (int i = 0; i < 100; ++i) seen.insert(Random::System().NextBits());
  EXPECT_EQ(seen.size(), 100u);
}

}  // namespace
}  // namespace iolite
