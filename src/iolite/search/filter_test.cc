#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "iolite/search/testing/search_fixture.h"

namespace iolite::search {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FromOrigin;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::NumberedRows;
using ::testing::SizeIs;

constexpr int kRows = 6000;

/// The same rows in each way that a source may be kept.
class FilterTest : public testing::SearchFixture,
                   public ::testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override {
    const std::string rows =
        "SELECT i AS id, 'it''s ' || i AS \"odd \"\"name\", i % 1000 AS part, "
        "DATE '2000-01-01' + CAST(i AS INT) AS day FROM range({}, {}) t(i)";
    const auto select = [&](int begin, int end) {
      return fmt::format(fmt::runtime(rows), begin, end);
    };
    if (GetParam() == "table") {
      Sql("CREATE TABLE papers AS " + select(0, kRows));
    } else if (GetParam() == "parquet") {
      Write("b.parquet", select(0, 2500), ", ROW_GROUP_SIZE 2048");
      Write("a.parquet", select(2500, kRows), ", ROW_GROUP_SIZE 2048");
      AddSource("papers", {"b.parquet", "a.parquet"});
    } else {
      Write("p." + GetParam(), select(0, kRows));
      AddSource("papers", {"p." + GetParam()});
    }
    AddTable("papers", "id", {NumberedRows(2000), NumberedRows(kRows - 2000, 2000)},
             vector::Metric::kL2, {{5, 7}});
  }

  SearchRequest Where(const std::string& condition, int64_t k = 3) {
    SearchRequest request = FromOrigin("papers", k);
    request.where = condition;
    request.fetch_rows = false;
    return request;
  }
};

TEST_P(FilterTest, MatchingRowsAloneTakePlacesAtEverySelectivity) {
  EXPECT_THAT(Ids(Found(Where("id % 2 = 1"))), ElementsAre("1", "3", "9"));
  EXPECT_THAT(Ids(Found(Where("part = 400", 10))),
              ElementsAre("400", "1400", "2400", "3400", "4400", "5400"));
  EXPECT_THAT(Ids(Found(Where("id = 5999 OR id = 5"))), ElementsAre("5999"));
  EXPECT_THAT(Ids(Found(Where("id < 0"))), IsEmpty());
  EXPECT_THAT(Found(Where("true", kRows)).hits, SizeIs(kRows - 2));
}

TEST_P(FilterTest, AnyConditionOfSqlWorks) {
  EXPECT_THAT(Ids(Found(Where("\"odd \"\"name\" = 'it''s 12' -- a comment"))), ElementsAre("12"));
  EXPECT_THAT(Ids(Found(Where("papers.day BETWEEN '2000-01-11' AND '2000-01-12'"))),
              ElementsAre("10", "11"));
  EXPECT_THAT(Ids(Found(Where("id IN (SELECT i FROM range(20, 22) t(i))"))),
              ElementsAre("20", "21"));
  EXPECT_THAT(Ids(Found(Where("CASE WHEN part > 998 THEN true END"))),
              ElementsAre("999", "1999", "2999"));
}

TEST_P(FilterTest, WrongConditionsAreRefusedWithThePlace) {
  const Status unknown = Failed(Where("yearr > 2000\nAND part = 1"));
  EXPECT_EQ(unknown.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(unknown.message(), AllOf(HasSubstr("yearr"), HasSubstr("LINE 1: ")));
  EXPECT_THAT(Failed(Where("part > 1\nAND AND part = 1")).message(),
              HasSubstr("LINE 2: AND AND part = 1"));
  EXPECT_EQ(Failed(Where("part >")).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Failed(Where("'text'")).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Failed(Where("true); DROP TABLE papers; SELECT (1")).code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Failed(Where("1) UNION (SELECT 1")).code(), StatusCode::kInvalidArgument);
}

TEST_P(FilterTest, OnlyRepeatableConditionsAreKept) {
  Sql("CREATE TABLE chosen AS SELECT 3 AS id");
  const SearchRequest request = Where("id IN (SELECT id FROM chosen)");
  EXPECT_THAT(Ids(Found(request)), ElementsAre("3"));
  Sql("INSERT INTO chosen VALUES (4)");
  EXPECT_THAT(Ids(Found(request)), ElementsAre("3", "4"));
  const SearchRequest plain = Where("abs(part) = 3");
  EXPECT_THAT(Explained(plain), HasSubstr("evaluated in SQL"));
  if (GetParam() == "table") {
    EXPECT_THAT(Explained(plain), Not(HasSubstr("known from before")));
  } else {
    EXPECT_THAT(Explained(plain), HasSubstr("known from before"));
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, FilterTest, ::testing::Values("parquet", "csv", "jsonl", "table"));

class ChangingTable : public testing::SearchFixture {};

TEST_F(ChangingTable, AnSqlTableIsAskedEachTime) {
  Sql("CREATE TABLE notes AS SELECT i AS id, 'n' AS kind FROM range(10) t(i)");
  AddTable("notes", "id", {NumberedRows(10)});
  SearchRequest request = FromOrigin("notes");
  request.where = "kind = 'n'";
  EXPECT_THAT(Ids(Found(request)), ElementsAre("0", "1", "2"));
  Sql("UPDATE notes SET kind = 'm' WHERE id = 1");
  Sql("DELETE FROM notes WHERE id = 0");
  EXPECT_THAT(Ids(Found(request)), ElementsAre("2", "3", "4"));
  request.where = "";
  const SearchResponse response = Found(request);
  EXPECT_THAT(Ids(response), ElementsAre("0", "1", "2"));
  EXPECT_THAT(Column(response, "kind"), ElementsAre("null", "m", "n"));
  EXPECT_THAT(response.warnings,
              ElementsAre(HasSubstr("1 of the rows found is no longer in notes")));
}

}  // namespace
}  // namespace iolite::search
