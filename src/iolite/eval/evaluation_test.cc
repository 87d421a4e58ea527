#include "iolite/eval/evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace iolite::eval {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<EvalQuery> kQueries = {
    {"1", "one"}, {"unjudged", "?"}, {"2", "two"}, {"3", "three"}};
const Qrels kQrels = {
    {"1", {{"a", 1}}}, {"2", {{"b", 1}}}, {"3", {{"c", 1}}}, {"absent", {{"z", 1}}}};

Result<Ranking> Answer(const RequestContext&, const EvalQuery& query, size_t) {
  if (query.id == "1") return Ranking{"a"};
  if (query.id == "2") return Ranking{"x", "b"};
  return Ranking{};
}

TEST(Evaluate, OnlyJudgedQueriesAreAskedAndCounted) {
  std::vector<std::string> asked;
  std::vector<int64_t> progress;
  EvaluateOptions options;
  options.cutoffs = {1, 10};
  options.batch_query_count = 2;
  options.progress = [&](const Progress& now) { progress.push_back(now.rows_done); };
  const auto evaluation =
      Evaluate({}, kQueries, kQrels, options,
               OneByOne([&](const RequestContext& context, const EvalQuery& query, size_t k) {
                 EXPECT_EQ(k, 10u);
                 asked.push_back(query.id);
                 return Answer(context, query, k);
               }));
  ASSERT_TRUE(evaluation.ok()) << evaluation.status().ToString();
  EXPECT_THAT(asked, ElementsAre("1", "2", "3"));
  EXPECT_THAT(progress, ElementsAre(2, 3));
  EXPECT_EQ(evaluation->left_out, 1);
  EXPECT_EQ(evaluation->unasked, 1);
  EXPECT_DOUBLE_EQ(evaluation->means[0].recall, 1.0 / 3);
  EXPECT_DOUBLE_EQ(evaluation->means[1].recall, 2.0 / 3);
  EXPECT_DOUBLE_EQ(evaluation->means[1].reciprocal_rank, (1 + 0.5) / 3);
}

TEST(Evaluate, JsonHasStableKeys) {
  const auto evaluation = Evaluate({}, kQueries, kQrels, {}, OneByOne(Answer));
  ASSERT_TRUE(evaluation.ok());
  const auto json = nlohmann::json::parse(EvaluationToJson(*evaluation));
  EXPECT_EQ(json.at("queries"), 3);
  EXPECT_EQ(json.at("left_out"), 1);
  for (const char* key : {"ndcg@10", "recall@10", "map@10", "mrr@10"})
    EXPECT_TRUE(json.contains(key));
  const std::string lines = QueryResultsToJsonLines(*evaluation);
  const auto first = nlohmann::json::parse(lines.substr(0, lines.find('\n')));
  EXPECT_EQ(first.at("id"), "1");
  EXPECT_EQ(first.at("ndcg@10"), 1.0);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 3);
}

TEST(Evaluate, WrongInputIsRefused) {
  const auto strangers = Evaluate({}, {{"x", ""}}, kQrels, {}, OneByOne(Answer));
  EXPECT_EQ(strangers.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(strangers.status().message(), HasSubstr("None of the 1 queries has judgements"));
  EvaluateOptions zero;
  zero.cutoffs = {0};
  EXPECT_EQ(Evaluate({}, kQueries, kQrels, zero, OneByOne(Answer)).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(Evaluate, ErrorsAndCancellationPassThrough) {
  const auto failed = Evaluate({}, kQueries, kQrels, {},
                               OneByOne([](const RequestContext&, const EvalQuery&, size_t) {
                                 return Result<Ranking>(Unavailable("down"));
                               }));
  EXPECT_EQ(failed.status().code(), StatusCode::kUnavailable);
  RequestContext cancelled;
  cancelled.cancel.Cancel();
  EXPECT_EQ(Evaluate(cancelled, kQueries, kQrels, {}, OneByOne(Answer)).status().code(),
            StatusCode::kCancelled);
  const auto short_answer = Evaluate({}, kQueries, kQrels, {},
                                     [](const RequestContext&, std::span<const EvalQuery>, size_t) {
                                       return Result<std::vector<Ranking>>(std::vector<Ranking>{});
                                     });
  EXPECT_EQ(short_answer.status().code(), StatusCode::kInternal);
}

TEST(Evaluate, ReadsWhatSciFactComesWith) {
  const std::string folder = IOLITE_SOURCE_DIR "/../shared/data/scifact/";
  const auto queries = ReadQueries(folder + "queries.jsonl");
  if (queries.status().code() == StatusCode::kNotFound) GTEST_SKIP() << "no " << folder;
  ASSERT_TRUE(queries.ok()) << queries.status().ToString();
  EXPECT_GE(queries->size(), 300u);
}

}  // namespace
}  // namespace iolite::eval
