#include "iolite/search/hits.h"

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include <nlohmann/json.hpp>

#include "iolite/search/explanation.h"

namespace iolite::search {
namespace {

Hit SomeHit() {
  Hit hit;
  hit.id = "a \"b\"\n";
  hit.score = 0.7F;
  hit.distance = 0.3F;
  hit.retrieved_by = {{"vector", 1, 0.7F}};
  return hit;
}

TEST(Hits, JsonHasTheKeysThatWerePromised) {
  arrow::StringBuilder titles;
  ASSERT_TRUE(titles.Append("x").ok());
  const auto rows = arrow::RecordBatch::Make(arrow::schema({arrow::field("title", arrow::utf8())}),
                                             1, {titles.Finish().ValueOrDie()});
  const std::string hit =
      R"("id":"a \"b\"\n","score":0.7,"distance":0.3,"retrieved_by":[{"channel":"vector","rank":1,)"
      R"("score":0.7}],"annotated_by":[],"row":{"title":"x"}})";
  std::string one, of_batch;
  AppendHitJson(SomeHit(), rows.get(), 0, one);
  EXPECT_EQ(one, "{" + hit);
  const std::string query_id = "q \"7\"";
  AppendHitJson(SomeHit(), rows.get(), 0, of_batch, &query_id);
  EXPECT_EQ(of_batch, R"({"query":"q \"7\"",)" + hit);
}

TEST(Hits, JsonStaysValidForOddValues) {
  Hit hit = SomeHit();
  hit.id = "\xff";
  hit.distance = std::numeric_limits<double>::infinity();
  hit.annotated_by = {"m"};
  std::string text;
  AppendHitJson(hit, nullptr, 0, text);
  const auto json = nlohmann::json::parse(text);
  EXPECT_TRUE(json.at("distance").is_null());
  EXPECT_TRUE(json.at("row").is_null());
  EXPECT_EQ(json.at("annotated_by").at(0), "m");
}

TEST(Hits, ColumnsOfTheSourceKeepTheirNames) {
  const auto source =
      arrow::schema({arrow::field("Score", arrow::utf8()), arrow::field("id", arrow::int64())});
  EXPECT_THAT(HitTableSchema(*source)->field_names(),
              ::testing::ElementsAre("_row_id", "_score", "distance", "retrieved_by",
                                     "annotated_by", "Score", "id"));
}

TEST(Hits, TableHoldsHitsAndRows) {
  arrow::Int64Builder numbers;
  ASSERT_TRUE(numbers.AppendValues({7}).ok());
  const auto source = arrow::schema({arrow::field("id", arrow::int64())});
  SearchResponse response;
  response.hits = {SomeHit()};
  response.rows = arrow::Table::Make(source, {numbers.Finish().ValueOrDie()});
  auto table = HitsToTable(response, source);
  ASSERT_TRUE(table.ok()) << table.status().ToString();
  ASSERT_TRUE((*table)->ValidateFull().ok());
  EXPECT_EQ((*table)->GetColumnByName("id")->GetScalar(0).ValueOrDie()->ToString(), "7");
  EXPECT_TRUE((*table)->schema()->Equals(*HitTableSchema(*source)));
  response.rows = nullptr;
  table = HitsToTable(response, source);
  ASSERT_TRUE(table.ok());
  EXPECT_EQ((*table)->GetColumnByName("id")->null_count(), 1);
  response.rows = arrow::Table::Make(arrow::schema({arrow::field("id", arrow::utf8())}),
                                     {arrow::MakeArrayOfNull(arrow::utf8(), 1).ValueOrDie()});
  EXPECT_EQ(HitsToTable(response, source).status().code(), StatusCode::kAborted);
}

TEST(Explanation, LinesTellStepsAndTimes) {
  Trace trace;
  trace.Add("index", 310'000, "usearch");
  EXPECT_EQ(FormatExplanation(trace), "index         0.31 ms  usearch\n");
  EXPECT_EQ(WithThousands(117659), "117,659");
  EXPECT_EQ(WithThousands(-1000), "-1,000");
  EXPECT_EQ(WithThousands(999), "999");
}

}  // namespace
}  // namespace iolite::search
