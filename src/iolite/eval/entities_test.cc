#include "iolite/eval/entities.h"

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

std::vector<std::string> Words(const std::string& line) {
  std::istringstream stream(line);
  return {std::istream_iterator<std::string>(stream), {}};
}

double Value(const EntityEvalResult& result, const std::string& kind, const std::string& name,
             const std::string& figure) {
  const ClassFigures* figures = &result.weighted;
  if (name == "micro") figures = &result.micro;
  if (name == "macro") figures = &result.macro;
  if (kind == "class") figures = &*std::ranges::find(result.types, name, &ClassFigures::name);
  if (figure == "precision") return figures->precision;
  return figure == "recall" ? figures->recall : figures->f1;
}

TEST(Entities, AgreeWithSeqeval) {
  std::vector<TagRow> predicted, truth;
  std::ifstream file(kReference + "tags.tsv");
  for (std::string line; std::getline(file, line);) {
    const size_t tab = line.find('\t');
    const std::string id = std::to_string(truth.size());
    truth.push_back({id, Words(line.substr(0, tab))});
    predicted.push_back({id, Words(line.substr(tab + 1))});
  }
  const auto result = EvaluateTags(predicted, truth);
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_EQ(result->row_count, 120);
  std::ifstream expected(kReference + "tags_expected.tsv");
  std::string kind, name, figure;
  double value;
  size_t checked = 0;
  while (expected >> kind >> name >> figure >> value) {
    EXPECT_NEAR(Value(*result, kind, name, figure), value, 1e-9) << name << " " << figure;
    ++checked;
  }
  EXPECT_EQ(checked, 21u);
}

TEST(Entities, OfSeveralSchemes) {
  const auto entities = [](const std::string& tags) { return EntitiesOf(Words(tags)); };
  EXPECT_THAT(entities("B-PER I-PER O B-LOC"),
              ElementsAre(Entity{"PER", 0, 1}, Entity{"LOC", 3, 3}));
  EXPECT_THAT(entities("B-PER B-PER"), ElementsAre(Entity{"PER", 0, 0}, Entity{"PER", 1, 1}));
  EXPECT_THAT(entities("O I-PER I-LOC"), ElementsAre(Entity{"PER", 1, 1}, Entity{"LOC", 2, 2}));
  EXPECT_THAT(entities("S-X B-Y I-Y E-Y"), ElementsAre(Entity{"X", 0, 0}, Entity{"Y", 1, 3}));
  EXPECT_THAT(entities("ORG ORG O PER"), ElementsAre(Entity{"ORG", 0, 1}, Entity{"PER", 3, 3}));
  EXPECT_THAT(entities("B-A-B"), ElementsAre(Entity{"A-B", 0, 0}));
  EXPECT_TRUE(entities("O O").empty());
  EXPECT_TRUE(entities("").empty());
}

TEST(Entities, RowsOfOneSideAreCounted) {
  const auto result =
      EvaluateTags({{"1", {"B-X"}}, {"9", {"B-X"}}}, {{"1", {"B-X"}}, {"2", {"B-X", "O"}}});
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_DOUBLE_EQ(result->micro.recall, 0.5);
  EXPECT_DOUBLE_EQ(result->micro.precision, 1);
  EXPECT_THAT(result->unpredicted.examples, ElementsAre("2"));
  EXPECT_THAT(result->unknown.examples, ElementsAre("9"));
}

TEST(Entities, SpansAreRightWhenAllOfThemIs) {
  const std::vector<EntityRow> truth = {
      {"1", {"PER", 0, 5}}, {"1", {"LOC", 9, 12}}, {"2", {"PER", 3, 7}}};
  const std::vector<EntityRow> predicted = {
      {"1", {"PER", 0, 5}}, {"1", {"PER", 0, 5}}, {"1", {"LOC", 9, 13}}, {"3", {"PER", 0, 1}}};
  const auto result = EvaluateSpans(predicted, truth);
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_EQ(result->micro.correct, 1);
  EXPECT_EQ(result->micro.predicted, 3) << "the same span twice is one entity";
  EXPECT_EQ(result->micro.support, 3);
  EXPECT_THAT(result->unpredicted.examples, ElementsAre("2"));
  EXPECT_THAT(result->unknown.examples, ElementsAre("3"));
}

TEST(Entities, WrongInputIsNamed) {
  EXPECT_THAT(EvaluateTags({}, {}).status().message(), HasSubstr("The truth has no rows"));
  EXPECT_THAT(EvaluateSpans({}, {}).status().message(), HasSubstr("The truth has no rows"));
  EXPECT_THAT(EvaluateTags({{"1", {"O"}}}, {{"1", {"O", "O"}}}).status().message(),
              HasSubstr("\"1\" has 1 predicted tags and 2 true ones"));
  EXPECT_THAT(EvaluateTags({{"1", {}}, {"1", {}}}, {{"1", {}}}).status().message(),
              HasSubstr("predictions have the row \"1\" twice"));
  EXPECT_THAT(EvaluateSpans({}, {{"1", {"X", 5, 2}}}).status().message(),
              HasSubstr("ends at 2, before its start at 5"));
}

}  // namespace
}  // namespace iolite::eval
