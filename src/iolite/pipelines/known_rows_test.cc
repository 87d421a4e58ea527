#include "iolite/pipelines/internal/known_rows.h"

#include <gtest/gtest.h>

#include "iolite/base/hash.h"
#include "iolite/pipelines/internal/blank_text.h"

namespace iolite::pipelines {
namespace {

using Match = KnownRows::Match;

TEST(KnownRowsTest, TellsRowsApartAndRemembersWhomItMet) {
  KnownRows rows;
  rows.Add("a", ContentHash("1"));
  rows.Add("b", "not a hash of ours");
  rows.Add("c", ContentHash("3"));
  ASSERT_TRUE(rows.Freeze(Budget::Unlimited()).ok());
  EXPECT_EQ(rows.Meet("a", ContentHash("1")), Match::kSame);
  EXPECT_EQ(rows.Meet("a", ContentHash("1")), Match::kSame);
  EXPECT_EQ(rows.Meet("b", ContentHash("2")), Match::kChanged);
  EXPECT_EQ(rows.Meet("d", ContentHash("1")), Match::kUnknown);
  EXPECT_EQ(rows.unmet_count(), 1);
  std::string unmet;
  rows.ForEachUnmet([&](std::string_view row_id) { unmet += row_id; });
  EXPECT_EQ(unmet, "c");
}

TEST(KnownRowsTest, SurvivesBeingMoved) {
  KnownRows rows;
  rows.Add("a", ContentHash("1"));
  ASSERT_TRUE(rows.Freeze(Budget::Unlimited()).ok());
  KnownRows moved = std::move(rows);
  EXPECT_EQ(moved.Meet("a", ContentHash("1")), Match::kSame);
}

TEST(KnownRowsTest, DrawsItsMemoryFromTheBudget) {
  Budget budget("embedding", 1000);
  KnownRows rows;
  for (int i = 0; i < 100; ++i) rows.Add(std::to_string(i), ContentHash("x"));
  EXPECT_EQ(rows.Freeze(budget).code(), StatusCode::kResourceExhausted);
}

TEST(BlankTextTest, WhiteSpaceAndControlCharactersAreNoText) {
  for (std::string_view blank : {"", " ", "\t\r\n", "\x01\x02\x7f", "\xc2\xa0",
                                 "\xc2\x85 \xe3\x80\x80", "\xe2\x80\x83\xef\xbb\xbf"}) {
    EXPECT_TRUE(IsBlank(blank)) << blank;
  }
  for (std::string_view text :
       {"a", " \t.", "\xc3\xa9", "\xe4\xb8\xad", "\x01x", "\xff", "\xe2\x80"}) {
    EXPECT_FALSE(IsBlank(text)) << text;
  }
}

}  // namespace
}  // namespace iolite::pipelines
