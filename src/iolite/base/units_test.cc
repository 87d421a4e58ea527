#include <gtest/gtest.h>

#include "iolite/base/settings.h"

namespace iolite {
namespace {

TEST(Units, BytesTakeDecimalAndBinaryUnits) {
  EXPECT_EQ(ParseBytes("0").value(), 0);
  EXPECT_EQ(ParseBytes("1048576").value(), 1048576);
  EXPECT_EQ(ParseBytes("512MB").value(), 512'000'000);
  EXPECT_EQ(ParseBytes("2GiB").value(), int64_t{2} << 30);
  EXPECT_EQ(ParseBytes("1.5 gib").value(), int64_t{3} << 29);
  EXPECT_EQ(ParseBytes("7b").value(), 7);
  EXPECT_EQ(ParseBytes("9223372036854775807").value(), 9223372036854775807);
}

TEST(Units, BytesRefuseWhatIsNoSize) {
  for (const char* text :
       {"", "much", "-1", "1.5", "1..5GiB", "GiB", "5 bananas", "9223372036854775808",
        "16777216TiB", "1e9", " 5", "5MB ", "1.GiB", "0x10"}) {
    auto bytes = ParseBytes(text);
    ASSERT_FALSE(bytes.ok()) << text;
    EXPECT_EQ(bytes.status().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(bytes.status().message().find("'" + std::string(text) + "'"), std::string::npos);
  }
}

TEST(Units, DurationsAreMilliseconds) {
  EXPECT_EQ(ParseDurationMs("250").value(), 250);
  EXPECT_EQ(ParseDurationMs("250ms").value(), 250);
  EXPECT_EQ(ParseDurationMs("1.5s").value(), 1500);
  EXPECT_EQ(ParseDurationMs("5m").value(), 300'000);
  EXPECT_EQ(ParseDurationMs("1h").value(), 3'600'000);
  EXPECT_FALSE(ParseDurationMs("5 days").ok());
}

}  // namespace
}  // namespace iolite
