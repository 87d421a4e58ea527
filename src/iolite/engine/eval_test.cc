#include <gmock/gmock.h>

#include <sstream>

#include "iolite/engine/testing/engine_fixture.h"

namespace iolite::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Eight things with vectors, two judged queries and one that nobody judged.
class EvalTest : public testing::EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    ASSERT_TRUE(Open().ok());
    ASSERT_TRUE(AddThings().ok());
    ASSERT_TRUE(EmbedThings().ok());
    Write("queries.tsv",
          "id\tkind\ttext\nq1\tperson\tsea robber\nq2\tanimal\thoney\nq3\tanimal\tunjudged\n");
    Write("qrels.tsv", "q1\tpirate\t2\nq1\tkraken\t1\nq2\tbee\t1\nq9\tbee\t1\n");
    // Answers in the order of scores: the stated ranks play no part.
    Write("other.run", "q1 Q0 whale 1 3 t\nq1 Q0 pirate 2 2 t\nq2 Q0 bee 1 1 t\nq8 Q0 bee 1 1 t\n");
  }

  EvalConfiguration Things(const std::string& name = "") {
    return {.name = name, .search = {.source = "things"}};
  }
  EvalConfiguration OtherRun() { return {.name = "other", .run = Path("other.run")}; }
  EvalOptions Options(std::vector<EvalConfiguration> configurations) {
    return {.configurations = std::move(configurations),
            .queries_path = Path("queries.tsv"),
            .qrels_path = Path("qrels.tsv")};
  }
  EvalResult Evaluate(const EvalOptions& options) {
    auto result = engine_->Evaluate(options);
    EXPECT_TRUE(result.ok()) << result.status().ToString();
    return result.ok() ? std::move(result).value() : EvalResult{};
  }
  std::string Error(const EvalOptions& options) {
    const Status status = engine_->Evaluate(options).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status.ToString();
    return status.message();
  }
  static double Figure(const EvalResult& result, size_t run, std::string_view metric) {
    return result.runs.at(run).values.at(static_cast<size_t>(result.IndexOf(metric)));
  }
};

TEST_F(EvalTest, ATableIsMeasuredAndStrangersAreNamed) {
  EvalOptions options = Options({Things()});
  options.cutoffs = {1, 5};
  const EvalResult result = Evaluate(options);
  EXPECT_EQ(result.query_count, 2);
  EXPECT_THAT(result.unjudged_queries.examples, ElementsAre("q3"));
  EXPECT_THAT(result.unknown_queries.examples, ElementsAre("q9"));
  ASSERT_EQ(result.runs.size(), 1u);
  const EvalRun& run = result.runs[0];
  EXPECT_EQ(run.unknown_documents.count, 1);
  EXPECT_THAT(run.unknown_documents.examples, ElementsAre("kraken"));
  EXPECT_EQ(run.name, "things");
  EXPECT_THAT(run.target, HasSubstr("things__"));
  EXPECT_EQ(Figure(result, 0, "hit_rate@1"), 1);
  EXPECT_EQ(Figure(result, 0, "recall@5"), 0.75);
  EXPECT_EQ(run.per_query[0].documents.size(), 5u);
  EXPECT_EQ(run.per_query[0].documents[0].id, "pirate");
  EXPECT_TRUE(run.id.empty()) << "kept only when asked to";
  EXPECT_THAT(*engine_->ListEvalRuns(), IsEmpty());
  EXPECT_EQ(result.IndexOf("ndcg@7"), -1);
}

TEST_F(EvalTest, CohortsComeFromAColumnOfTheQueries) {
  EvalOptions options = Options({Things()});
  options.cohort_column = "kind";
  const EvalResult result = Evaluate(options);
  ASSERT_EQ(result.runs[0].cohorts.size(), 2u);
  EXPECT_EQ(result.runs[0].cohorts[0].name, "animal");
  EXPECT_EQ(result.runs[0].cohorts[0].query_count, 1);
  options.cohort_column = "color";
  EXPECT_THAT(Error(options), HasSubstr("there are kind"));
}

TEST_F(EvalTest, ConfigurationsStandSideBySide) {
  EvalConfiguration exact = Things("exact");
  exact.search.exact = true;
  EvalConfiguration filtered = Things("old");
  filtered.search.where = "year < 1800";
  const EvalResult result = Evaluate(Options({Things(), exact, filtered, OtherRun()}));
  ASSERT_EQ(result.runs.size(), 4u);
  EXPECT_EQ(result.differences.size(), result.metrics.size() * 6);
  EXPECT_EQ(result.runs[0].values, result.runs[1].values);
  EXPECT_EQ(Figure(result, 2, "recall@10"), 0.25) << "only the pirate is that old";
  EXPECT_EQ(Figure(result, 3, "mrr@10"), 0.75);
  EXPECT_THAT(result.runs[3].unknown_queries.examples, ElementsAre("q8"));
  EXPECT_THAT(result.runs[3].warnings, ElementsAre(HasSubstr("at most 2 documents a query")));
  const EvalDifference& first = result.differences[0];
  EXPECT_EQ(first.first + " " + first.second, "things exact");
  EXPECT_EQ(first.difference, 0);
  EXPECT_EQ(first.p_value, 1);
}

TEST_F(EvalTest, RunsAreKeptShownExportedAndMeasuredAgain) {
  EvalOptions options = Options({Things()});
  options.keep = true;
  const EvalResult kept = Evaluate(options);
  const std::string id = kept.runs[0].id;
  ASSERT_FALSE(id.empty());
  ASSERT_TRUE(Open({.access = Access::kReadOnly}).ok());
  ASSERT_EQ(engine_->ListEvalRuns()->size(), 1u);
  const EvalRunInfo shown = engine_->ShowEvalRun(id).value();
  EXPECT_EQ(shown.task, "retrieval");
  EXPECT_EQ(shown.name, "things");
  EXPECT_EQ(shown.query_count, 2);
  ASSERT_EQ(shown.figures.size(), kept.metrics.size());
  EXPECT_EQ(shown.figures[0].first, "ndcg@10");
  EXPECT_EQ(shown.figures[0].second, kept.runs[0].values[0]);
  ASSERT_TRUE(engine_->ExportEvalRun(id, Path("things.run")).ok());

  EvalOptions again = options;
  again.configurations = {{.name = "kept", .run = id}, {.name = "file", .run = Path("things.run")}};
  again.queries_path.clear();
  Write("qrels.tsv", "q1\tpirate\t2\nq1\tkraken\t1\nq2\tbee\t1\n");
  const EvalResult measured = Evaluate(again);
  EXPECT_EQ(measured.runs[0].values, kept.runs[0].values);
  EXPECT_EQ(measured.runs[1].values, kept.runs[0].values);
  EXPECT_EQ(engine_->ListEvalRuns()->size(), 3u) << "a read-only engine keeps runs when asked to";
  ASSERT_TRUE(engine_->RemoveEvalRun(id).ok());
  EXPECT_EQ(engine_->ListEvalRuns()->size(), 2u);
  EXPECT_EQ(engine_->ShowEvalRun(id).status().code(), StatusCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(Path("db/runs/" + id + ".jsonl")));
  EXPECT_EQ(engine_->RemoveEvalRun(id).code(), StatusCode::kNotFound);
}

TEST_F(EvalTest, TheOldestRunsAreForgotten) {
  ASSERT_TRUE(OpenWith({{"eval.kept_run_count_max", "2"}}).ok());
  EvalOptions options = Options({OtherRun()});
  options.keep = true;
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(Evaluate(options).runs[0].id);
  const auto runs = engine_->ListEvalRuns().value();
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].id, ids[2]);
  EXPECT_EQ(runs[1].id, ids[1]);
  EXPECT_FALSE(std::filesystem::exists(Path("db/runs/" + ids[0] + ".jsonl")));
}

TEST_F(EvalTest, ADamagedRunIsNamed) {
  EvalOptions options = Options({OtherRun()});
  options.keep = true;
  const std::string id = Evaluate(options).runs[0].id;
  std::ofstream(Path("db/runs/" + id + ".jsonl"), std::ios::app) << "x";
  options.configurations = {{.run = id}};
  const Status status = engine_->Evaluate(options).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr(id));
}

TEST_F(EvalTest, WrongConfigurationsAreRefused) {
  EXPECT_THAT(Error(Options({})), HasSubstr("Nothing to measure"));
  EXPECT_THAT(Error(Options({Things(), Things()})), HasSubstr("are called \"things\""));
  EXPECT_THAT(Error(Options({EvalConfiguration{}})), HasSubstr("either a source or a run"));
  EvalOptions without = Options({Things()});
  without.queries_path.clear();
  EXPECT_THAT(Error(without), HasSubstr("takes queries"));
  EvalOptions zero = Options({Things()});
  zero.cutoffs = {10, 0};
  EXPECT_THAT(Error(zero), HasSubstr("k is 0"));
  const Status missing = engine_->Evaluate(Options({{.run = "nowhere"}})).status();
  EXPECT_EQ(missing.code(), StatusCode::kNotFound);
  EXPECT_THAT(missing.message(), HasSubstr("neither a kept run nor a run file \"nowhere\""));
}

/// Tables of labels and of entities, as a model would leave them.
class LabelTest : public testing::EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    ASSERT_TRUE(Open().ok());
    Sql("CREATE TABLE truth AS SELECT * FROM (VALUES (1, 'a'), (2, 'a'), (3, 'b')) t(id, label)");
    Sql("CREATE TABLE predicted AS SELECT * FROM (VALUES ('1', 'a', 0.9), ('2', 'b', 0.6), "
        "('3', 'b', 0.8), ('7', 'b', 0.8)) t(_row_id, label, confidence)");
    Sql("CREATE TABLE true_tags AS SELECT 1 AS id, ['B-PER', 'I-PER', 'O'] AS tags");
    Sql("CREATE TABLE tags AS SELECT 1 AS id, 'B-PER I-PER B-LOC' AS tags");
    Sql("CREATE TABLE spans AS SELECT 1 AS _row_id, 'PER' AS label, 0 AS start, 5 AS \"end\"");
  }
  void Sql(const std::string& statement) {
    auto stream = engine_->Sql(statement);
    ASSERT_TRUE(stream.ok()) << stream.status().ToString();
  }
};

TEST_F(LabelTest, LabelsOfTablesAreCompared) {
  const auto result =
      engine_->EvaluateLabels({.predicted = "predicted", .truth = "truth", .keep = true});
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_DOUBLE_EQ(result->accuracy, 2.0 / 3);
  EXPECT_TRUE(result->calibrated);
  EXPECT_THAT(result->unknown.examples, ElementsAre("7"));
  const EvalRunInfo kept = engine_->ShowEvalRun(result->run_id).value();
  EXPECT_EQ(kept.task, "classification");
  EXPECT_EQ(kept.target, "predicted");
  EXPECT_EQ(kept.judgements, "truth");
  EXPECT_EQ(kept.figures[0], std::pair(std::string("accuracy"), result->accuracy));
  const Status no_documents = engine_->ExportEvalRun(result->run_id, Path("x.run"));
  EXPECT_EQ(no_documents.code(), StatusCode::kInvalidArgument);
}

TEST_F(LabelTest, TagsAndSpansOfTablesAreCompared) {
  const auto tags = engine_->EvaluateEntities({.predicted = "tags", .truth = "true_tags"});
  ASSERT_TRUE(tags.ok()) << tags.status().ToString();
  EXPECT_EQ(tags->layout, "tags");
  EXPECT_DOUBLE_EQ(tags->micro.precision, 0.5);
  EXPECT_DOUBLE_EQ(tags->micro.recall, 1);
  const auto spans =
      engine_->EvaluateEntities({.predicted = "spans", .truth = "spans", .keep = true});
  ASSERT_TRUE(spans.ok()) << spans.status().ToString();
  EXPECT_EQ(spans->layout, "spans");
  EXPECT_DOUBLE_EQ(spans->micro.f1, 1);
  EXPECT_EQ(engine_->ShowEvalRun(spans->run_id)->task, "entities");
}

TEST_F(LabelTest, WrongTablesAndColumnsAreNamed) {
  const auto error = [&](const LabelEvalOptions& options) {
    return engine_->EvaluateLabels(options).status().message();
  };
  EXPECT_THAT(error({.predicted = "nothing", .truth = "truth"}), HasSubstr("nothing"));
  EXPECT_THAT(error({.predicted = "predicted", .truth = ""}), HasSubstr("Name two tables"));
  EXPECT_THAT(error({.predicted = "predicted", .truth = "truth", .label = "kind"}),
              HasSubstr("\"kind\" for the label: there are _row_id, label, confidence"));
  EXPECT_THAT(error({.predicted = "predicted", .truth = "truth", .truth_key = "x"}),
              HasSubstr("truth has no column \"x\" for the key"));
  EXPECT_THAT(engine_->EvaluateEntities({.predicted = "tags", .truth = "spans"}).status().message(),
              HasSubstr("tags has no column \"label\" for the label"));
}

}  // namespace
}  // namespace iolite::engine
