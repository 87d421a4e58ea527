#include "iolite/cli/progress_bar.h"

#include <gtest/gtest.h>

namespace iolite::cli {
namespace {

TEST(Formatting, NumbersAreGroupedByThrees) {
  EXPECT_EQ(GroupDigits(0), "0");
  EXPECT_EQ(GroupDigits(999), "999");
  EXPECT_EQ(GroupDigits(1000), "1,000");
  EXPECT_EQ(GroupDigits(-1234567), "-1,234,567");
}

TEST(Formatting, DurationsChooseTheirUnit) {
  EXPECT_EQ(FormatDuration(0.0034), "3.4 ms");
  EXPECT_EQ(FormatDuration(3.44), "3.4 s");
  EXPECT_EQ(FormatDuration(125), "2 min 05 s");
  EXPECT_EQ(FormatDuration(3600 + 12 * 60), "1 h 12 min");
}

TEST(Formatting, BytesChooseTheirUnit) {
  EXPECT_EQ(FormatBytes(999), "999 B");
  EXPECT_EQ(FormatBytes(12'300'000), "12.3 MB");
}

}  // namespace
}  // namespace iolite::cli
