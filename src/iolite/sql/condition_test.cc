#include "iolite/sql/condition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace iolite::sql {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ConditionTest : public ::testing::Test {
 protected:
  Status Check(std::string_view condition) {
    return CheckCondition({}, *session_, "SELECT 2020 AS year, 'en' AS lang -- comment", "papers",
                          condition);
  }

  std::unique_ptr<Database> database_ = std::move(Database::Open({})).value();
  std::unique_ptr<Session> session_ = std::move(database_->Connect()).value();
};

TEST_F(ConditionTest, TakesConditions) {
  for (const char* condition :
       {"year > 2000", "papers.year > 2000 AND lang = 'en'", "lang IN (SELECT 'en')", "true",
        "lang LIKE '%e%' -- comment", "year BETWEEN 1 AND 2 OR (year IS NULL)", "'a;b' = lang",
        "EXISTS (SELECT 1 WHERE year > 3)", "year"}) {
    const Status status = Check(condition);
    EXPECT_TRUE(status.ok()) << condition << ": " << status.ToString();
  }
}

TEST_F(ConditionTest, RefusesWhatIsNoCondition) {
  for (const char* condition :
       {"", "   ", "year >", "year > 2000; DROP TABLE t", "1=1) UNION SELECT (1",
        "1=1) UNION ALL SELECT 1 FROM range(3) WHERE (true", "year > 1, lang", "year AS y",
        "true FROM range(3)", "true ORDER BY 1", "true /* open", "nothing > 1", "sum(year) > 1",
        "*", "1=1)) --"}) {
    const Status status = Check(condition);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument)
        << condition << ": " << status.ToString();
  }
}

TEST_F(ConditionTest, TellsThePlaceInsideTheCondition) {
  EXPECT_THAT(Check("year >> > 2000").message(),
              AllOf(HasSubstr("LINE 1: year >> > 2000"), Not(HasSubstr("SELECT"))));
  EXPECT_THAT(Check("year > 2000 AND nothing = 1").message(),
              HasSubstr("LINE 1: year > 2000 AND nothing = 1\n                        ^"));
  EXPECT_THAT(Check("year > 2000 AND\nnothing = 1").message(), HasSubstr("LINE 2: nothing = 1\n"));
}

}  // namespace
}  // namespace iolite::sql
