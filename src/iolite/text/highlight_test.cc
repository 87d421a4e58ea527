#include "iolite/text/highlight.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace iolite::text {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Shown {
  std::vector<std::string> words;
  std::string fragment;
  Highlights highlights;
};

Shown Show(std::string_view query_text, std::string_view text, uint32_t characters = 200,
           const char* analyzer = "standard language=en") {
  const auto made = Analyzer::Make(ParseAnalyzer(analyzer).value()).value();
  const TextQuery query = TextQuery::Parse(query_text).value();
  Shown shown;
  shown.highlights = Highlight({.query = &query,
                                .analyzer = made.get(),
                                .fields = {{"title"}, {"body"}},
                                .field = "body",
                                .fragment_characters = characters},
                               text)
                         .value();
  auto cut = [&](const TextSpan& span) {
    return std::string(text.substr(span.byte_begin, span.byte_end - span.byte_begin));
  };
  for (const TextSpan& span : shown.highlights.words) shown.words.push_back(cut(span));
  shown.fragment = cut(shown.highlights.fragment);
  return shown;
}

TEST(Highlight, WordsAreMarkedAsTheyStandInTheText) {
  EXPECT_THAT(Show("cell run", "The Cells were running; a cell ran.").words,
              ElementsAre("Cells", "running", "cell"));
  EXPECT_THAT(Show("cell -run", "Cells run").words, ElementsAre("Cells"));
  EXPECT_THAT(Show("title:cell", "cell").words, IsEmpty());
  EXPECT_THAT(Show("body:cell", "cell").words, ElementsAre("cell"));
  EXPECT_THAT(Show("cel* muose~1", "Celery for the mouse", 200, "standard").words,
              ElementsAre("Celery", "mouse"));
}

TEST(Highlight, PhrasesOnlyWhereTheyOccur) {
  EXPECT_THAT(Show("\"stem cell\"", "A stem is no cell. Stem cells are.").words,
              ElementsAre("Stem", "cells"));
  EXPECT_THAT(Show("\"stem cell\"~2", "cell stem").words, ElementsAre("cell", "stem"));
}

TEST(Highlight, OffsetsAreBytesAndCharacters) {
  const auto shown = Show("zwölf", "für \xff über 𝄞 Zwölf");
  ASSERT_THAT(shown.words, ElementsAre("Zwölf"));
  const TextSpan expected{18, 24, 13, 18};
  EXPECT_EQ(shown.highlights.words[0], expected);
}

TEST(Highlight, TheFragmentHoldsMostOfTheTerms) {
  std::string text = "alpha ";
  for (int i = 0; i < 100; ++i) text += "filler ";
  text += "alpha with a beta in it ";
  for (int i = 0; i < 100; ++i) text += "filler ";
  const auto shown = Show("alpha beta", text, 60);
  EXPECT_NE(shown.fragment.find("alpha with a beta"), std::string::npos);
  EXPECT_LE(shown.fragment.size(), 60u);
  EXPECT_TRUE(Show("nothing", text).fragment.empty());
  EXPECT_TRUE(Show("alpha", "").fragment.empty());
  EXPECT_EQ(Show("longword", "a longword b", 3).fragment, "longword");
}

TEST(Highlight, AnUnknownFieldIsRefused) {
  const auto made = Analyzer::Make({}).value();
  const TextQuery query = TextQuery::Parse("a").value();
  EXPECT_EQ(
      Highlight({.query = &query, .analyzer = made.get(), .fields = {{"a"}}, .field = "b"}, "")
          .status()
          .message(),
      "There is no text field 'b' to highlight");
}

}  // namespace
}  // namespace iolite::text
