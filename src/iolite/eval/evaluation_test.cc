#include "iolite/eval/evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace iolite::eval {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<EvalQuery> kQueries = {
    {"1", "one"}, {"unjudged", "?"}, {"2", "two"}, {"3", "three"}};
const Qrels kQrels = {
    {"1", {{"a", 1}}}, {"2", {{"b", 1}}}, {"3", {{"c", 1}}}, {"absent", {{"z", 1}}}};

Result<Answer> Reply(const RequestContext&, const EvalQuery& query, size_t) {
  if (query.id == "1") return Answer{{"a", 1}};
  if (query.id == "2") return Answer{{"x", 2}, {"b", 1}};
  return Answer{};
}

JudgedQueries Judged(const std::vector<EvalQuery>& queries = kQueries,
                     std::string_view cohort = {}) {
  auto judged = KeepJudged(queries, kQrels, cohort);
  EXPECT_TRUE(judged.ok()) << judged.status().ToString();
  return std::move(judged).value();
}

/// The mean of a metric at the first cut-off.
double Mean(const EvalRun& run, const std::vector<int64_t>& cutoffs, std::string_view name) {
  const auto names = MetricNames(cutoffs);
  return run.values.at(static_cast<size_t>(std::ranges::find(names, name) - names.begin()));
}

TEST(Measure, OnlyJudgedQueriesAreAskedAndCounted) {
  std::vector<std::string> asked;
  std::vector<int64_t> progress;
  const MeasureOptions options{
      .cutoffs = {1, 10}, .batch_query_count = 2, .progress = [&](const Progress& now) {
        progress.push_back(now.rows_done);
      }};
  const auto run =
      Measure({}, Judged(), options,
              OneByOne([&](const RequestContext& context, const EvalQuery& query, size_t k) {
                EXPECT_EQ(k, 10u);
                asked.push_back(query.id);
                return Reply(context, query, k);
              }));
  ASSERT_TRUE(run.ok()) << run.status().ToString();
  EXPECT_THAT(asked, ElementsAre("1", "2", "3"));
  EXPECT_THAT(progress, ElementsAre(2, 3));
  EXPECT_EQ(run->unanswered_count, 1);
  EXPECT_DOUBLE_EQ(Mean(*run, options.cutoffs, "recall@1"), 1.0 / 3);
  EXPECT_DOUBLE_EQ(Mean(*run, options.cutoffs, "recall@10"), 2.0 / 3);
  EXPECT_DOUBLE_EQ(Mean(*run, options.cutoffs, "mrr@10"), (1 + 0.5) / 3);
  EXPECT_DOUBLE_EQ(Mean(*run, options.cutoffs, "hit_rate@10"), 2.0 / 3);
  EXPECT_DOUBLE_EQ(run->precision_at_recall.front(), (1 + 0.5) / 3);
  EXPECT_EQ(run->per_query[1].query_id, "2");
  EXPECT_EQ(run->per_query[1].documents[1].id, "b");
}

TEST(Measure, StrangersAreCountedAndNamed) {
  const JudgedQueries judged = Judged();
  EXPECT_EQ(judged.unjudged_queries.count, 1);
  EXPECT_THAT(judged.unjudged_queries.examples, ElementsAre("unjudged"));
  EXPECT_EQ(judged.unknown_queries.count, 1);
  EXPECT_THAT(judged.unknown_queries.examples, ElementsAre("absent"));
  EvalStrangers many;
  for (int i = 0; i < 100; ++i) AddStranger(std::to_string(i), many);
  EXPECT_EQ(many.count, 100);
  EXPECT_THAT(many.examples, ElementsAre("0", "1", "2", "3", "4"));
}

TEST(Measure, QueriesWithoutARelevantDocumentCountAsZero) {
  const Qrels qrels = {{"1", {{"a", 1}}}, {"2", {{"b", 0}, {"c", -1}}}};
  const auto judged = KeepJudged(kQueries, qrels, "");
  EXPECT_EQ(judged->irrelevant_count, 1);
  const auto run = Measure({}, *judged, {}, OneByOne(Reply));
  EXPECT_DOUBLE_EQ(Mean(*run, {10}, "ndcg@10"), 0.5);
}

TEST(Measure, CohortsAreMeansOfTheirQueries) {
  const std::vector<EvalQuery> queries = {
      {"1", "", {{"kind", "short"}}}, {"2", "", {{"kind", "long"}}}, {"3", "", {{"other", "x"}}}};
  const auto run = Measure({}, Judged(queries, "kind"), {}, OneByOne(Reply));
  ASSERT_EQ(run->cohorts.size(), 3u);
  EXPECT_EQ(run->cohorts[0].name, "");
  EXPECT_EQ(run->cohorts[1].name, "long");
  EXPECT_EQ(run->cohorts[1].query_count, 1);
  EXPECT_DOUBLE_EQ(run->cohorts[1].values[4], 0.5);
  EXPECT_EQ(run->cohorts[2].name, "short");
  EXPECT_DOUBLE_EQ(run->cohorts[2].values[4], 1);
  EXPECT_EQ(run->per_query[0].cohort, "short");
  const Status unknown = KeepJudged(queries, kQrels, "color").status();
  EXPECT_EQ(unknown.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(unknown.message(), HasSubstr("\"color\": there are kind, other"));
}

TEST(Measure, TheOrderOfQueriesChangesNoBit) {
  Qrels qrels;
  std::vector<EvalQuery> queries;
  for (int i = 0; i < 200; ++i) {
    const std::string id = std::to_string(i);
    queries.push_back({id, ""});
    for (int d = 0; d <= i % 7; ++d) qrels[id][std::to_string(d * 3)] = 1 + d % 3;
  }
  const auto answer = [](const RequestContext&, const EvalQuery& query, size_t) {
    Answer documents;
    for (int d = 0; d < 10; ++d) {
      documents.push_back({std::to_string((d + std::stoi(query.id)) % 11), 10.0 - d});
    }
    return Result<Answer>(documents);
  };
  const auto forwards = Measure({}, *KeepJudged(queries, qrels, ""), {}, OneByOne(answer));
  std::reverse(queries.begin(), queries.end());
  const auto backwards = Measure({}, *KeepJudged(queries, qrels, ""), {}, OneByOne(answer));
  EXPECT_EQ(forwards->values, backwards->values);
  EXPECT_EQ(forwards->precision_at_recall, backwards->precision_at_recall);
}

TEST(Measure, ARunAnswersWithItsFirstDocuments) {
  const eval::Run run = {{"2", {{"x", 3}, {"b", 2}, {"c", 1}}}};
  const auto answers = FromRun(run)({}, std::vector<EvalQuery>{{"1", ""}, {"2", ""}}, 2).value();
  EXPECT_TRUE(answers[0].empty());
  ASSERT_EQ(answers[1].size(), 2u);
  EXPECT_EQ(answers[1][1].id, "b");
  EXPECT_EQ(QueriesOf(kQrels).size(), 4u);
}

TEST(Measure, WrongInputIsRefused) {
  const auto strangers = KeepJudged({{"x", ""}}, kQrels, "");
  EXPECT_EQ(strangers.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(strangers.status().message(), HasSubstr("None of the 1 queries has judgements"));
  for (const std::vector<int64_t>& cutoffs : {std::vector<int64_t>{}, {0}, {10, -1}, {10, 10}}) {
    EXPECT_EQ(Measure({}, Judged(), {.cutoffs = cutoffs}, OneByOne(Reply)).status().code(),
              StatusCode::kInvalidArgument);
  }
  EXPECT_THAT(CheckCutoffs(std::vector<int64_t>{0}).message(), HasSubstr("k is 0"));
}

TEST(Measure, ErrorsAndCancellationPassThrough) {
  const auto failed =
      Measure({}, Judged(), {}, OneByOne([](const RequestContext&, const EvalQuery&, size_t) {
                return Result<Answer>(Unavailable("down"));
              }));
  EXPECT_EQ(failed.status().code(), StatusCode::kUnavailable);
  RequestContext cancelled;
  cancelled.cancel.Cancel();
  EXPECT_EQ(Measure(cancelled, Judged(), {}, OneByOne(Reply)).status().code(),
            StatusCode::kCancelled);
  const auto short_answer =
      Measure({}, Judged(), {}, [](const RequestContext&, std::span<const EvalQuery>, size_t) {
        return Result<std::vector<Answer>>(std::vector<Answer>{});
      });
  EXPECT_EQ(short_answer.status().code(), StatusCode::kInternal);
}

TEST(Measure, ReadsWhatSciFactComesWith) {
  const std::string folder = IOLITE_SOURCE_DIR "/../shared/data/scifact/";
  const auto queries = ReadQueries(folder + "queries.jsonl");
  if (queries.status().code() == StatusCode::kNotFound) GTEST_SKIP() << "no " << folder;
  ASSERT_TRUE(queries.ok()) << queries.status().ToString();
  EXPECT_GE(queries->size(), 300u);
}

}  // namespace
}  // namespace iolite::eval
