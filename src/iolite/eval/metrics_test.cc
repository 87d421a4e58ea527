#include "iolite/eval/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "iolite/eval/qrels_file.h"
#include "iolite/eval/run_file.h"

namespace iolite::eval {
namespace {

const std::string kReference = IOLITE_SOURCE_DIR "/tests/reference/eval/";

double Value(const QueryMetrics& metrics, const std::string& name) {
  if (name == "ndcg") return metrics.ndcg;
  if (name == "recall") return metrics.recall;
  if (name == "map") return metrics.average_precision;
  return metrics.reciprocal_rank;
}

QueryMetrics Figures(const Run& run, const Qrels& qrels, const std::string& query, size_t k) {
  if (query != "all") return Evaluate(Rank(run.at(query)), qrels.at(query), k);
  std::vector<QueryMetrics> metrics;
  for (const auto& [id, documents] : run)
    metrics.push_back(Evaluate(Rank(documents), qrels.at(id), k));
  return Mean(metrics);
}

TEST(Metrics, AgreeWithTrecEval) {
  const auto run = ReadRun(kReference + "run.txt");
  const auto qrels = ReadQrels(kReference + "qrels.txt");
  ASSERT_TRUE(run.ok()) << run.status().ToString();
  ASSERT_TRUE(qrels.ok()) << qrels.status().ToString();
  std::ifstream expected(kReference + "expected.tsv");
  std::string query, name;
  size_t k;
  double value;
  size_t checked = 0;
  while (expected >> query >> name >> k >> value) {
    EXPECT_NEAR(Value(Figures(*run, *qrels, query, k), name), value, 1e-6)
        << query << " " << name << "@" << k;
    ++checked;
  }
  EXPECT_GT(checked, 600u);
}

TEST(Metrics, DefinitionsByHand) {
  const Judgements judgements = {{"a", 2}, {"b", 1}, {"c", 0}, {"d", -1}};
  const QueryMetrics metrics = Evaluate({"x", "b", "d", "a"}, judgements, 10);
  const double gain = 1 / std::log2(3.0) + 2 / std::log2(5.0);
  EXPECT_DOUBLE_EQ(metrics.ndcg, gain / (2 + 1 / std::log2(3.0)));
  EXPECT_DOUBLE_EQ(metrics.recall, 1);
  EXPECT_DOUBLE_EQ(metrics.average_precision, (1.0 / 2 + 2.0 / 4) / 2);
  EXPECT_DOUBLE_EQ(metrics.reciprocal_rank, 0.5);
}

TEST(Metrics, NothingRelevantAndNothingFoundAreZero) {
  EXPECT_EQ(Evaluate({"a"}, {{"a", 0}}, 10).ndcg, 0);
  EXPECT_EQ(Evaluate({}, {{"a", 1}}, 10).recall, 0);
  EXPECT_EQ(Evaluate({"a"}, {{"a", 1}}, 0).recall, 0);
  EXPECT_EQ(Mean({}).ndcg, 0);
}

TEST(Metrics, ARepeatedDocumentCountsOnce) {
  const QueryMetrics metrics = Evaluate({"a", "a", "b"}, {{"a", 1}, {"b", 1}}, 2);
  EXPECT_DOUBLE_EQ(metrics.recall, 1);
  EXPECT_DOUBLE_EQ(metrics.average_precision, 1);
}

}  // namespace
}  // namespace iolite::eval
