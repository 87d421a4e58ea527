#include "iolite/search/internal/condition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace iolite::search::internal {
namespace {

using ::testing::HasSubstr;

const std::set<std::string, std::less<>> kStable = {"lower", "abs"};

bool Repeatable(std::string_view text) {
  const auto condition = ParseCondition(text);
  EXPECT_TRUE(condition.ok()) << condition.status().ToString();
  return condition.ok() && IsRepeatable(*condition, kStable);
}

std::string Refused(std::string_view text) {
  const auto condition = ParseCondition(text);
  EXPECT_EQ(condition.status().code(), StatusCode::kInvalidArgument) << text;
  return condition.status().message();
}

TEST(Condition, WhatCouldLeaveTheParenthesesIsRefusedWithItsPlace) {
  EXPECT_THAT(Refused("year > 1); DROP TABLE x; SELECT (1"), HasSubstr("at character 9"));
  EXPECT_THAT(Refused("year > 1; DROP TABLE x"),
              HasSubstr("at character 9: a condition is one expression"));
  EXPECT_THAT(Refused("(year > 1"), HasSubstr("at character 1: this parenthesis is not closed"));
  EXPECT_THAT(Refused("title = 'a"), HasSubstr("at character 9: this string does not end"));
  EXPECT_THAT(Refused("\"title = 1"), HasSubstr("this name does not end"));
  EXPECT_THAT(Refused("true /* and"), HasSubstr("this comment does not end"));
  EXPECT_THAT(Refused("title = $a$x"), HasSubstr("this string does not end"));
  EXPECT_THAT(Refused("title = E'\\'"), HasSubstr("this string does not end"));
  EXPECT_THAT(Refused(""), HasSubstr("empty"));
  EXPECT_THAT(Refused(" -- nothing\n"), HasSubstr("empty"));
}

TEST(Condition, QuotesAndCommentsHideWhatTheyHold) {
  EXPECT_TRUE(ParseCondition("title = ');''('").ok());
  EXPECT_TRUE(ParseCondition("\"odd \"\");\" = 1 -- );").ok());
  EXPECT_TRUE(ParseCondition("title = $$;)$$ /* ;) */ AND (a = 1)").ok());
  EXPECT_TRUE(ParseCondition("title = $tag$ $$ ;) $tag$").ok());
  EXPECT_TRUE(ParseCondition("title = e'\\');('").ok());
}

TEST(Condition, OnlyWhatDependsOnTheRowsAloneIsRepeatable) {
  EXPECT_TRUE(Repeatable("year > 2000 AND (title LIKE 'a%' OR NOT (lower(title) IN ('x', 'y')))"));
  EXPECT_TRUE(Repeatable("CAST(year AS DECIMAL(4, 0)) BETWEEN 1 AND abs (-3)"));
  EXPECT_TRUE(Repeatable("title = 'select random()'"));
  EXPECT_FALSE(Repeatable("random() < 0.5"));
  EXPECT_FALSE(Repeatable("day < CURRENT_DATE"));
  EXPECT_FALSE(Repeatable("id IN (SELECT id FROM other)"));
  EXPECT_FALSE(Repeatable("mine(title) = 1"));
  EXPECT_FALSE(Repeatable("\"random\"() < 1"));
}

}  // namespace
}  // namespace iolite::search::internal
