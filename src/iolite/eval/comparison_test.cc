#include "iolite/eval/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "iolite/base/random.h"

namespace iolite::eval {
namespace {

using ::testing::HasSubstr;
using Rows = std::vector<std::vector<double>>;

const std::string kReference = IOLITE_SOURCE_DIR "/tests/reference/eval/";

Rows ReferenceRows() {
  Rows rows;
  std::ifstream file(kReference + "differences.tsv");
  for (std::string line; std::getline(file, line);) {
    std::istringstream cells(line);
    rows.emplace_back();
    for (double cell; cells >> cell;) rows.back().push_back(cell);
  }
  return rows;
}

std::map<std::pair<size_t, std::string>, double> ReferenceFigures() {
  std::map<std::pair<size_t, std::string>, double> figures;
  std::ifstream file(kReference + "differences_expected.tsv");
  size_t number;
  std::string name;
  double value;
  while (file >> number >> name >> value) figures[{number, name}] = value;
  return figures;
}

std::vector<PairedTest> RunTest(const Rows& rows, ResampleOptions options = {}) {
  auto tests = TestPaired({}, rows, options);
  EXPECT_TRUE(tests.ok()) << tests.status().ToString();
  return tests.ok() ? *tests : std::vector<PairedTest>(rows.size());
}

TEST(PairedTest, AgreesWithSciPy) {
  const Rows rows = ReferenceRows();
  const auto figures = ReferenceFigures();
  ASSERT_EQ(rows.size(), 4u);
  size_t checked = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    const PairedTest test = RunTest({rows[i]}, {.resample_count = 50'000})[0];
    EXPECT_NEAR(test.mean, figures.at({i, "mean"}), 1e-9);
    if (figures.contains({i, "p_exact"})) {
      EXPECT_NEAR(test.p_value, figures.at({i, "p_exact"}), 1e-9) << i;
      ++checked;
      continue;
    }
    // Both draw at random: 50,000 flips leave a deviation of .0022 in a share, 50,000 samples one
    // of about a hundredth of the interval's width at its ends.
    EXPECT_NEAR(test.p_value, figures.at({i, "p_random"}), 0.01);
    const double width = figures.at({i, "high"}) - figures.at({i, "low"});
    EXPECT_NEAR(test.low, figures.at({i, "low"}), width * 0.03);
    EXPECT_NEAR(test.high, figures.at({i, "high"}), width * 0.03);
    ++checked;
  }
  EXPECT_EQ(checked, 4u);
}

TEST(PairedTest, HolmAgreesWithStatsmodels) {
  std::vector<double> given, expected;
  for (const auto& [key, value] : ReferenceFigures()) {
    if (key.second == "holm_given") given.push_back(value);
    if (key.second == "holm") expected.push_back(value);
  }
  ASSERT_EQ(given.size(), 5u);
  const auto corrected = HolmCorrected(given);
  for (size_t i = 0; i < given.size(); ++i) EXPECT_NEAR(corrected[i], expected[i], 1e-12);
  EXPECT_TRUE(HolmCorrected({}).empty());
}

TEST(PairedTest, NegatedDifferencesMirrorEverything) {
  const uint64_t seed = Random::System().NextBits();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const auto random = Random::Seeded(seed);
  Rows rows(2);
  for (int i = 0; i < 60; ++i) rows[0].push_back(random->NextUnit() - 0.45);
  for (const double difference : rows[0]) rows[1].push_back(-difference);
  const auto tests = RunTest(rows, {.resample_count = 1000, .seed = seed});
  EXPECT_EQ(tests[0].mean, -tests[1].mean);
  EXPECT_EQ(tests[0].low, -tests[1].high);
  EXPECT_EQ(tests[0].high, -tests[1].low);
  EXPECT_EQ(tests[0].p_value, tests[1].p_value);
  EXPECT_LE(tests[0].low, tests[0].mean);
  EXPECT_LE(tests[0].mean, tests[0].high);
}

TEST(PairedTest, TheSeedDecidesAndNothingElse) {
  const Rows rows = ReferenceRows();
  const auto alone = RunTest({rows[1]});
  const auto again = RunTest({rows[1]});
  EXPECT_EQ(alone[0].low, again[0].low);
  EXPECT_EQ(alone[0].p_value, again[0].p_value);
  std::vector<double> other = rows[1];
  std::reverse(other.begin(), other.end());
  const auto beside = RunTest({other, rows[1]});
  EXPECT_EQ(alone[0].low, beside[1].low) << "whatever stands beside it";
  EXPECT_EQ(alone[0].p_value, beside[1].p_value);
  EXPECT_NE(alone[0].low, RunTest({rows[1]}, {.seed = 2})[0].low);
}

TEST(PairedTest, EqualRunsDoNotDiffer) {
  const PairedTest test = RunTest({std::vector<double>(40, 0.0)})[0];
  EXPECT_EQ(test.mean, 0);
  EXPECT_EQ(test.low, 0);
  EXPECT_EQ(test.high, 0);
  EXPECT_EQ(test.p_value, 1);
}

TEST(PairedTest, WrongOptionsAndCancellation) {
  EXPECT_EQ(TestPaired({}, {{1.0}}, {.confidence = 1}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_THAT(TestPaired({}, {{1.0}}, {.resample_count = 0}).status().message(),
              HasSubstr("0 samples are too few"));
  RequestContext cancelled;
  cancelled.cancel.Cancel();
  EXPECT_EQ(TestPaired(cancelled, {{1.0}}, {}).status().code(), StatusCode::kCancelled);
}

EvalRun RunOf(const std::string& name, uint64_t seed, double shift) {
  const auto random = Random::Seeded(seed);
  EvalRun run{.name = name};
  for (int i = 0; i < 50; ++i) {
    run.per_query.push_back({.query_id = "q" + std::to_string(i),
                             .values = {random->NextUnit() + shift, random->NextUnit()}});
  }
  return run;
}

const EvalDifference& Find(const std::vector<EvalDifference>& differences,
                           const std::string& metric, const std::string& one,
                           const std::string& other) {
  return *std::ranges::find_if(differences, [&](const EvalDifference& difference) {
    return difference.metric == metric &&
           ((difference.first == one && difference.second == other) ||
            (difference.first == other && difference.second == one));
  });
}

TEST(Compare, NeitherOrderChangesAFigure) {
  const std::vector<std::string> metrics = {"m", "n"};
  std::vector<EvalRun> runs = {RunOf("a", 1, 0), RunOf("b", 2, 0.15), RunOf("c", 3, 0.3)};
  const auto before = Compare({}, metrics, runs, {}).value();
  ASSERT_EQ(before.size(), 6u);
  std::rotate(runs.begin(), runs.begin() + 1, runs.end());
  const auto shuffled = Random::Seeded(9);
  for (size_t i = 49; i > 0; --i) {
    const size_t other = shuffled->NextBelow(i + 1);
    for (EvalRun& run : runs) std::swap(run.per_query[i], run.per_query[other]);
  }
  const auto after = Compare({}, metrics, runs, {}).value();
  for (const EvalDifference& left : before) {
    const EvalDifference& right = Find(after, left.metric, left.first, left.second);
    const bool turned = left.first != right.first;
    EXPECT_EQ(left.difference, turned ? -right.difference : right.difference);
    EXPECT_EQ(left.low, turned ? -right.high : right.low);
    EXPECT_EQ(left.high, turned ? -right.low : right.high);
    EXPECT_EQ(left.p_value, right.p_value);
    EXPECT_EQ(left.p_holm, right.p_holm);
    EXPECT_EQ(left.won, turned ? right.lost : right.won);
  }
}

TEST(Compare, HolmCoversThePairsOfAMetric) {
  const std::vector<EvalRun> runs = {RunOf("a", 1, 0), RunOf("b", 2, 0.1), RunOf("c", 3, 0.2)};
  const auto differences = Compare({}, {"m", "n"}, runs, {}).value();
  const std::vector<double> p_values = {differences[0].p_value, differences[1].p_value,
                                        differences[2].p_value};
  const auto corrected = HolmCorrected(p_values);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(differences[i].p_holm, corrected[i]);
  EXPECT_EQ(differences[0].won + differences[0].lost, 50);
  EXPECT_TRUE(Compare({}, {"m", "n"}, {runs[0]}, {})->empty());
}

}  // namespace
}  // namespace iolite::eval
