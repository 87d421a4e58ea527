#include "iolite/eval/run_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace iolite::eval {
namespace {

using ::testing::HasSubstr;

TEST(RunRecord, AnswersComeBackAsTheyWere) {
  const std::vector<EvalQueryResult> answers = {
      {.query_id = "1", .documents = {{"b", 0.1}, {"a a", 0.1}, {"\"é\"", -3}}},
      {.query_id = "none"}};
  const auto run = ParseAnswers(AnswersToJsonLines(answers));
  ASSERT_TRUE(run.ok()) << run.status().ToString();
  ASSERT_EQ(run->size(), 2u);
  ASSERT_EQ(run->at("1").size(), 3u);
  EXPECT_EQ(run->at("1")[1].id, "a a");
  EXPECT_EQ(run->at("1")[1].score, 0.1);
  EXPECT_EQ(run->at("1")[2].id, "\"é\"");
  EXPECT_TRUE(run->at("none").empty());
}

TEST(RunRecord, FiguresComeBackInOrder) {
  const NamedFigures figures = {{"recall@10", 1.0 / 3}, {"ndcg@10", 1}};
  EXPECT_EQ(ParseFigures(FiguresToJson(figures)).value(), figures);
}

TEST(RunRecord, DamageIsNamed) {
  const Status status =
      ParseAnswers("{\"query\": \"1\", \"documents\": []}\n{\"query\": 1}\n").status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("line 2"));
  EXPECT_EQ(ParseAnswers("{\"query\": \"1\", \"documents\": [[1, 2]]}\n").status().code(),
            StatusCode::kDataLoss);
  EXPECT_EQ(ParseFigures("[1]").status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(ParseFigures("{\"a\": \"b\"}").status().code(), StatusCode::kDataLoss);
}

TEST(RunRecord, AConfigurationSaysHowItAsks) {
  const EvalConfiguration configuration{.search = {.source = "papers", .exact = true}};
  EXPECT_THAT(ConfigurationToJson(configuration, {1, 10}), HasSubstr(R"("source":"papers")"));
  EXPECT_THAT(ConfigurationToJson(configuration, {1, 10}), HasSubstr(R"("cutoffs":[1,10])"));
}

}  // namespace
}  // namespace iolite::eval
