#include "iolite/eval/labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace iolite::eval {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kReference = IOLITE_SOURCE_DIR "/tests/reference/eval/";

size_t PlaceOf(const LabelEvalResult& result, const std::string& name) {
  return static_cast<size_t>(std::ranges::find(result.classes, name, &ClassFigures::name) -
                             result.classes.begin());
}

double Value(const ClassFigures& figures, const std::string& name) {
  if (name == "precision") return figures.precision;
  return name == "recall" ? figures.recall : figures.f1;
}

double Value(const LabelEvalResult& result, const std::string& kind, const std::string& name,
             const std::string& figure) {
  if (kind == "class") return Value(result.classes.at(PlaceOf(result, name)), figure);
  if (kind == "confusion") {
    return static_cast<double>(
        result.confusion.at(PlaceOf(result, name)).at(PlaceOf(result, figure)));
  }
  if (kind == "bin") {
    const ReliabilityBin& bin = result.calibration.bins.at(std::stoul(name));
    if (figure == "count") return static_cast<double>(bin.count);
    return figure == "accuracy" ? bin.accuracy : bin.confidence;
  }
  if (kind == "calibration") {
    return figure == "brier" ? result.calibration.brier : result.calibration.expected_error;
  }
  if (name == "accuracy") return result.accuracy;
  return Value(name == "macro" ? result.macro : result.weighted, figure);
}

TEST(Labels, AgreeWithScikitLearn) {
  std::vector<LabelRow> predicted, truth;
  std::ifstream file(kReference + "labels.tsv");
  std::string id, true_label, predicted_label, confidence;
  while (file >> id >> true_label >> predicted_label >> confidence) {
    truth.push_back({id, true_label});
    predicted.push_back({id, predicted_label, std::stod(confidence)});
  }
  std::reverse(predicted.begin(), predicted.end());
  const auto result = EvaluateLabels(predicted, truth, 10);
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_EQ(result->row_count, 200);
  EXPECT_TRUE(result->calibrated);
  EXPECT_DOUBLE_EQ(result->micro.f1, result->accuracy);
  std::ifstream expected(kReference + "labels_expected.tsv");
  std::string kind, name, figure;
  double value;
  size_t checked = 0;
  while (expected >> kind >> name >> figure >> value) {
    EXPECT_NEAR(Value(*result, kind, name, figure), value, 1e-9)
        << kind << " " << name << " " << figure;
    ++checked;
  }
  EXPECT_GT(checked, 75u);
}

TEST(Labels, MissingAndFailedPredictionsAreWrong) {
  const std::vector<LabelRow> truth = {{"1", "a"}, {"2", "a"}, {"3", "b"}, {"4", "b"}};
  const std::vector<LabelRow> predicted = {{"1", "a"}, {"2", std::nullopt}, {"3", "a"}, {"9", "b"}};
  const auto result = EvaluateLabels(predicted, truth, 10);
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_DOUBLE_EQ(result->accuracy, 0.25);
  EXPECT_DOUBLE_EQ(result->micro.recall, 0.25);
  EXPECT_DOUBLE_EQ(result->micro.precision, 0.5);
  EXPECT_EQ(result->failed_count, 1);
  EXPECT_EQ(result->unpredicted.count, 1);
  EXPECT_THAT(result->unpredicted.examples, ElementsAre("4"));
  EXPECT_EQ(result->unknown.count, 1);
  EXPECT_THAT(result->unknown.examples, ElementsAre("9"));
  EXPECT_FALSE(result->calibrated);
}

TEST(Labels, WrongInputIsNamed) {
  const auto error = [](const std::vector<LabelRow>& predicted,
                        const std::vector<LabelRow>& truth) {
    const Status status = EvaluateLabels(predicted, truth, 10).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    return status.message();
  };
  EXPECT_THAT(error({{"1", "a"}}, {}), HasSubstr("The truth has no rows"));
  EXPECT_THAT(error({{"1", "a"}}, {{"x1", "a"}}),
              HasSubstr("\"1\", those of the truth like \"x1\""));
  EXPECT_THAT(error({{"1", "a"}, {"1", "a"}}, {{"1", "a"}}),
              HasSubstr("predictions have the row \"1\" twice"));
  EXPECT_THAT(error({{"1", "a"}}, {{"1", "a"}, {"1", "b"}}),
              HasSubstr("true labels have the row \"1\" twice"));
  EXPECT_THAT(error({{"1", "a"}}, {{"1", std::nullopt}}), HasSubstr("\"1\" of the truth has no"));
  EXPECT_THAT(error({{"1", "a", 1.5}}, {{"1", "a"}}), HasSubstr("row \"1\" is 1.5"));
  EXPECT_THAT(error({{"1", "a", 0.5}, {"2", "a"}}, {{"1", "a"}, {"2", "a"}}),
              HasSubstr("1 of 2 predictions have no confidence"));
  EXPECT_EQ(EvaluateLabels({{"1", "a", 0.5}}, {{"1", "a"}}, 0).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(Calibration, ByHand) {
  const auto calibration = Calibrate({{0, false}, {0.5, true}, {0.4, false}, {1, true}}, 2).value();
  ASSERT_EQ(calibration.bins.size(), 2u);
  EXPECT_EQ(calibration.bins[0].count, 3) << "a border belongs to the bin below it";
  EXPECT_DOUBLE_EQ(calibration.bins[0].confidence, 0.3);
  EXPECT_DOUBLE_EQ(calibration.bins[0].accuracy, 1.0 / 3);
  EXPECT_DOUBLE_EQ(calibration.expected_error, 0.75 * (1.0 / 3 - 0.3));
  EXPECT_DOUBLE_EQ(calibration.greatest_error, 1.0 / 3 - 0.3);
  EXPECT_DOUBLE_EQ(calibration.brier, (0.25 + 0.16) / 4);
}

}  // namespace
}  // namespace iolite::eval
