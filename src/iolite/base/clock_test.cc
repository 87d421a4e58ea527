#include "iolite/base/clock.h"

#include <gtest/gtest.h>

#include "iolite/base/testing/fake_clock.h"

namespace iolite {
namespace {

TEST(Clock, FormatsUtc) {
  EXPECT_EQ(FormatTimestamp(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatTimestamp(1'795'269'787'999'999), "2026-11-21T14:03:07Z");
  EXPECT_EQ(FormatCompactTimestamp(1'795'269'787'000'000), "20261121T140307Z");
}

TEST(Clock, FormatsLeapDaysAndTimesPast2038) {
  EXPECT_EQ(FormatTimestamp(1'709'164'800'000'000), "2024-02-29T00:00:00Z");
  EXPECT_EQ(FormatTimestamp(4'102'444'800'000'000), "2100-01-01T00:00:00Z");
}

TEST(Clock, ATimeBefore1970FallsIntoTheSecondItBelongsTo) {
  EXPECT_EQ(FormatTimestamp(-1), "1969-12-31T23:59:59Z");
  EXPECT_EQ(FormatTimestamp(-1'000'000), "1969-12-31T23:59:59Z");
}

TEST(Clock, CompactNamesSortByTime) {
  EXPECT_LT(FormatCompactTimestamp(999'999'000'000), FormatCompactTimestamp(1'000'000'000'000));
}

TEST(Clock, TheSystemsNeverRunsBackwards) {
  const int64_t first = Clock::System().monotonic_ns();
  Clock::System().SleepFor(std::chrono::microseconds(1));
  EXPECT_GE(Clock::System().monotonic_ns(), first + 1000);
}

TEST(Clock, TheFakeMovesOnlyWhenTold) {
  testing::FakeClock clock;
  EXPECT_EQ(FormatTimestamp(clock.unix_us()), "2026-01-01T00:00:00Z");
  EXPECT_EQ(clock.monotonic_ns(), 0);
  clock.SleepFor(std::chrono::seconds(61));
  EXPECT_EQ(clock.monotonic_ns(), 61'000'000'000);
  EXPECT_EQ(FormatTimestamp(clock.unix_us()), "2026-01-01T00:01:01Z");
}

}  // namespace
}  // namespace iolite
