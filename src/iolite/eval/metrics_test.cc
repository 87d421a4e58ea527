#include "iolite/eval/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "iolite/eval/qrels_file.h"
#include "iolite/eval/run_file.h"

namespace iolite::eval {
namespace {

const std::string kReference = IOLITE_SOURCE_DIR "/tests/reference/eval/";

/// One query's figure, or the mean over queries for `all`.
double Value(const Run& run, const Qrels& qrels, const std::string& query, const std::string& name,
             int64_t k) {
  std::vector<std::vector<double>> rows;
  size_t column = 0;
  for (const auto& [id, documents] : run) {
    if (query != "all" && query != id) continue;
    if (name == "iprec") {
      column = static_cast<size_t>(k);
      rows.push_back(PrecisionAtRecall(Rank(documents), qrels.at(id)));
      continue;
    }
    const std::vector<int64_t> cutoffs = {k};
    const std::vector<std::string> names = MetricNames(cutoffs);
    column = static_cast<size_t>(
        std::find(names.begin(), names.end(), name + "@" + std::to_string(k)) - names.begin());
    rows.push_back(Figures(Rank(documents), qrels.at(id), cutoffs));
  }
  std::vector<const std::vector<double>*> pointers;
  for (const auto& row : rows) pointers.push_back(&row);
  return ColumnMeans(pointers).at(column);
}

TEST(Metrics, AgreeWithTrecEval) {
  const auto run = ReadRun(kReference + "run.txt");
  const auto qrels = ReadQrels(kReference + "qrels.txt");
  ASSERT_TRUE(run.ok()) << run.status().ToString();
  ASSERT_TRUE(qrels.ok()) << qrels.status().ToString();
  std::ifstream expected(kReference + "expected.tsv");
  std::string query, name;
  int64_t k;
  double value;
  size_t checked = 0;
  while (expected >> query >> name >> k >> value) {
    EXPECT_NEAR(Value(*run, *qrels, query, name, k), value, 1e-6)
        << query << " " << name << "@" << k;
    ++checked;
  }
  EXPECT_GT(checked, 1400u);
}

TEST(Metrics, DefinitionsByHand) {
  const Judgements judgements = {{"a", 2}, {"b", 1}, {"c", 0}, {"d", -1}};
  const QueryMetrics metrics = Evaluate({"x", "b", "d", "a"}, judgements, 10);
  const double gain = 1 / std::log2(3.0) + 2 / std::log2(5.0);
  EXPECT_DOUBLE_EQ(metrics.ndcg, gain / (2 + 1 / std::log2(3.0)));
  EXPECT_DOUBLE_EQ(metrics.recall, 1);
  EXPECT_DOUBLE_EQ(metrics.average_precision, (1.0 / 2 + 2.0 / 4) / 2);
  EXPECT_DOUBLE_EQ(metrics.reciprocal_rank, 0.5);
  EXPECT_DOUBLE_EQ(metrics.precision, 0.2) << "over k, not over what was answered";
  EXPECT_DOUBLE_EQ(metrics.hit_rate, 1);
  EXPECT_DOUBLE_EQ(Evaluate({"x", "b"}, judgements, 1).hit_rate, 0);
}

TEST(Metrics, NothingRelevantAndNothingFoundAreZero) {
  EXPECT_EQ(Evaluate({"a"}, {{"a", 0}}, 10).ndcg, 0);
  EXPECT_EQ(Evaluate({}, {{"a", 1}}, 10).recall, 0);
  EXPECT_EQ(Evaluate({"a"}, {{"a", 1}}, 0).recall, 0);
  EXPECT_TRUE(ColumnMeans({}).empty());
  EXPECT_EQ(PrecisionAtRecall({"a"}, {{"a", 0}}), std::vector<double>(11, 0.0));
}

TEST(Metrics, ARepeatedDocumentCountsOnce) {
  const QueryMetrics metrics = Evaluate({"a", "a", "b"}, {{"a", 1}, {"b", 1}}, 2);
  EXPECT_DOUBLE_EQ(metrics.recall, 1);
  EXPECT_DOUBLE_EQ(metrics.average_precision, 1);
}

}  // namespace
}  // namespace iolite::eval
