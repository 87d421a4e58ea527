#include "iolite/eval/plots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "iolite/eval/internal/svg.h"

namespace iolite::eval {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

EvalRun RunOf(const std::string& name, const std::vector<double>& values) {
  EvalRun run{.name = name};
  for (const double value : values) run.per_query.push_back({.values = {value}});
  run.precision_at_recall = {1, .9, .8, .7, .6, .5, .4, .3, .2, .1, 0};
  return run;
}

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(Plots, TwoRunsShowTheirDifferencesAndPrecision) {
  const EvalResult result{
      .metrics = {"ndcg@10"},
      .query_count = 4,
      .runs = {RunOf("a <b> & \"c\"", {1, .5, .2, .3}), RunOf("d", {.5, .7, .2, .1})}};
  const auto svg = DrawRetrieval(result, "ndcg@10");
  ASSERT_TRUE(svg.ok()) << svg.status().ToString();
  EXPECT_THAT(*svg, HasSubstr("2 queries: better with a &lt;b&gt; &amp; &quot;c&quot;"));
  EXPECT_THAT(*svg, HasSubstr("1 query: better with d"));
  EXPECT_THAT(*svg, HasSubstr("1 query: equal"));
  EXPECT_EQ(Count(*svg, "<rect"), 1u + 3u) << "a background, and a bar for each query that moved";
  EXPECT_EQ(Count(*svg, "<polyline"), 2u);
  EXPECT_EQ(Count(*svg, "<circle"), 22u);
  EXPECT_THAT(*svg, Not(HasSubstr("nan")));
}

TEST(Plots, OneRunShowsPrecision) {
  const EvalResult result{.metrics = {"ndcg@10"}, .query_count = 1, .runs = {RunOf("a", {1})}};
  const auto svg = DrawRetrieval(result, "ndcg@10");
  EXPECT_EQ(Count(*svg, "<polyline"), 1u);
  EXPECT_EQ(Count(*svg, "<rect"), 1u);
  const Status unknown = DrawRetrieval(result, "ndcg@5").status();
  EXPECT_EQ(unknown.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(unknown.message(), HasSubstr("There are ndcg@10"));
}

TEST(Plots, ReliabilityShowsEachBinThatHasRows) {
  Calibration calibration{
      .bins = {{0, .5, 0, 0, 0}, {.5, 1, 8, .8, .6}}, .expected_error = .2, .brier = .25};
  const std::string svg = DrawReliability(calibration, "M");
  EXPECT_THAT(svg, HasSubstr("expected calibration error 0.2000, Brier score 0.2500"));
  EXPECT_EQ(Count(svg, "<rect"), 1u + 2u);
  EXPECT_THAT(DrawReliability({}, "none"), Not(HasSubstr("nan")));
}

TEST(Svg, TicksAreRound) {
  EXPECT_THAT(internal::RoundTicks({0, 1}, 5),
              ElementsAre(0, ::testing::DoubleEq(.2), ::testing::DoubleEq(.4),
                          ::testing::DoubleEq(.6), ::testing::DoubleEq(.8), 1));
  EXPECT_THAT(internal::RoundTicks({0, 300}, 5), ElementsAre(0, 100, 200, 300));
  EXPECT_THAT(internal::RoundTicks({-.1, .1}, 5), ::testing::SizeIs(5));
}

TEST(Svg, LongNamesAreShortenedByCharacters) {
  EXPECT_EQ(internal::Shortened("äöü", 3), "äöü");
  EXPECT_EQ(internal::Shortened("äöüß", 3), "äö…");
  EXPECT_EQ(internal::Shortened("", 3), "");
}

}  // namespace
}  // namespace iolite::eval
