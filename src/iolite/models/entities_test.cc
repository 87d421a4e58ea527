#include "iolite/models/entities.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "iolite/models/internal/utf8.h"

namespace iolite::models {
namespace {

using ::testing::ElementsAre;

/// One token a word, each sure of its label.
std::vector<std::string> Join(const std::vector<std::string>& labels,
                              const std::vector<size_t>& chosen) {
  std::string text;
  std::vector<TokenSpan> spans;
  std::vector<float> probabilities;
  for (size_t i = 0; i < chosen.size(); ++i) {
    if (i > 0) text += ' ';
    const auto begin = static_cast<uint32_t>(text.size());
    text += static_cast<char>('a' + i);
    spans.push_back({.begin = begin, .end = begin + 1, .word = static_cast<int32_t>(i)});
    for (size_t k = 0; k < labels.size(); ++k) probabilities.push_back(k == chosen[i] ? 1.f : 0.f);
  }
  std::vector<std::string> found;
  const auto tags = ReadTags(labels);
  for (const Entity& entity :
       JoinEntities(text, spans, probabilities, tags, WordStrategy::kFirst)) {
    found.push_back(entity.label + ":" + entity.text);
  }
  return found;
}

TEST(Entities, BioTagsBeginAndContinue) {
  const std::vector<std::string> labels = {"O", "B-X", "I-X", "B-Y", "I-Y"};
  EXPECT_THAT(Join(labels, {1, 2, 2, 0, 3}), ElementsAre("X:a b c", "Y:e"));
  EXPECT_THAT(Join(labels, {1, 1, 2}), ElementsAre("X:a", "X:b c"));
  EXPECT_THAT(Join(labels, {1, 4, 4}), ElementsAre("X:a", "Y:b c"));
  EXPECT_THAT(Join(labels, {2, 2, 0, 2}), ElementsAre("X:a b", "X:d"));  // no B in front
  EXPECT_THAT(Join(labels, {0, 0}), ElementsAre());
}

TEST(Entities, BilouTagsAlsoEnd) {
  const std::vector<std::string> labels = {"O", "B-X", "I-X", "L-X", "U-X"};
  EXPECT_THAT(Join(labels, {1, 2, 3, 1, 3}), ElementsAre("X:a b c", "X:d e"));
  EXPECT_THAT(Join(labels, {4, 4, 4}), ElementsAre("X:a", "X:b", "X:c"));
  EXPECT_THAT(Join(labels, {3, 2, 3}), ElementsAre("X:a", "X:b c"));
}

TEST(Entities, BioesIsBilouByOtherLetters) {
  const std::vector<std::string> labels = {"S-X", "B-X", "M-X", "E-X", "O"};
  EXPECT_THAT(Join(labels, {1, 2, 3, 0, 1, 3}), ElementsAre("X:a b c", "X:d", "X:e f"));
}

TEST(Entities, PlainLabelsJoinTheirNeighbours) {
  const std::vector<std::string> labels = {"O", "E-mail", "person"};
  EXPECT_THAT(Join(labels, {1, 1, 2, 0, 2, 2}),
              ElementsAre("E-mail:a b", "person:c", "person:e f"));
}

/// Two tokens of one word, and a special token in front.
struct TwoTokens {
  std::string text = "\xc3\xa9t\xc3\xa9 fly";  // accents take two bytes
  std::vector<TokenSpan> spans = {{0, 0, -1}, {0, 3, 0}, {3, 5, 0}, {6, 9, 1}};
  std::vector<std::string> labels = {"X", "Y", "O"};
  std::vector<float> probabilities = {0, 0, 1, .5f, .3f, .2f, .0f, .9f, .1f, 0, 0, 1};
};

TEST(Entities, StrategiesDecideAWordEachInItsWay) {
  const TwoTokens given;
  const auto tags = ReadTags(given.labels);
  const auto join = [&](WordStrategy strategy) {
    return JoinEntities(given.text, given.spans, given.probabilities, tags, strategy).at(0);
  };
  EXPECT_EQ(join(WordStrategy::kFirst).label, "X");
  EXPECT_FLOAT_EQ(join(WordStrategy::kFirst).confidence, .5f);
  EXPECT_EQ(join(WordStrategy::kAverage).label, "Y");
  EXPECT_FLOAT_EQ(join(WordStrategy::kAverage).confidence, .6f);
  EXPECT_EQ(join(WordStrategy::kMax).label, "Y");
  EXPECT_FLOAT_EQ(join(WordStrategy::kMax).confidence, .9f);
}

TEST(Entities, PlacesAreCountedInCharacters) {
  const TwoTokens given;
  const auto found = JoinEntities(given.text, given.spans, given.probabilities,
                                  ReadTags(given.labels), WordStrategy::kMax);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].text, "\xc3\xa9t\xc3\xa9");
  EXPECT_EQ(found[0].begin, 0);
  EXPECT_EQ(found[0].end, 3);
}

TEST(Entities, ABlankThatATokenCarriesIsNotNamed) {
  const std::vector<TokenSpan> spans = {{0, 2, 0}, {2, 5, 1}};
  const std::vector<float> probabilities = {0, 1, 1, 0};
  const std::vector<std::string> labels = {"X", "O"};
  const auto found =
      JoinEntities("to us", spans, probabilities, ReadTags(labels), WordStrategy::kFirst);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].text, "us");
  EXPECT_EQ(found[0].begin, 3);
}

TEST(Entities, AnUnknownStrategyIsRefused) {
  EXPECT_EQ(ParseWordStrategy("best").status().code(), StatusCode::kInvalidArgument);
}

TEST(Utf8, KnowsWhatIsRight) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("caf\xc3\xa9 \xe4\xbd\xa0 \xf0\x9f\x98\x80"));
  for (const char* bad : {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80",
                          "\xe4\xbd", "\xf0\x9f\x98"}) {
    EXPECT_FALSE(IsUtf8(bad)) << testing::PrintToString(bad);
  }
}

TEST(Utf8, ReplacesEachBrokenPieceOnce) {
  const std::string r = "\xef\xbf\xbd";
  EXPECT_EQ(RepairUtf8("a\xff"
                       "b"),
            "a" + r + "b");
  EXPECT_EQ(RepairUtf8("\xe4\xbd world"), r + " world");
  EXPECT_EQ(RepairUtf8("\xf0\x9f\x98\xff"), r + r);
  EXPECT_EQ(RepairUtf8("\xed\xa0\x80"), r + r + r);
  EXPECT_EQ(RepairUtf8("\xc3\xa9"), "\xc3\xa9");
}

}  // namespace
}  // namespace iolite::models
