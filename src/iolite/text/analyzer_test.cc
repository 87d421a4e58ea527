#include "iolite/text/analyzer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "iolite/text/internal/unicode.h"

namespace iolite::text {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> Terms(std::string_view analyzer, std::string_view text) {
  auto made = Analyzer::Make(ParseAnalyzer(analyzer).value()).value();
  std::vector<std::string> terms;
  for (const Token& token : made->Analyze(text)) terms.push_back(token.term);
  return terms;
}

TEST(Analyzer, StandardFindsWordsOfAllScripts) {
  EXPECT_THAT(
      Terms("standard", "The U.S. can't pay 1,234.5 to wi-fi; foo_bar a@b."),
      ElementsAre("the", "u.s", "can't", "pay", "1,234.5", "to", "wi", "fi", "foo_bar", "a", "b"));
  EXPECT_THAT(Terms("standard", "Straße ΣΊΣΥΦΟΣ ﬁne ＦＵＬＬ café naïve"),
              ElementsAre("strasse", "σισυφοσ", "fine", "full", "cafe", "naive"));
  EXPECT_THAT(Terms("standard fold_accents=false", "Café"), ElementsAre("café"));
  // Without spaces, by dictionary.
  EXPECT_THAT(Terms("standard", "我喜欢北京大学"), ElementsAre("我", "喜欢", "北京", "大学"));
  EXPECT_THAT(Terms("standard language=th", "ภาษาไทย"), ElementsAre("ภาษา", "ไทย"));
}

TEST(Analyzer, LanguagesStemAndLeaveOutStopWords) {
  EXPECT_THAT(Terms("standard language=en", "The foxes' owner's running generously"),
              ElementsAre("fox", "owner", "run", "generous"));
  EXPECT_THAT(Terms("standard language=en stemmer=porter", "generously conditional"),
              ElementsAre("gener", "condit"));
  EXPECT_THAT(Terms("standard language=english stemmer=none stop_words=none", "The foxes"),
              ElementsAre("the", "foxes"));
  EXPECT_THAT(Terms("standard language=de", "Die Häuser und die Straßen"),
              ElementsAre("haus", "strass"));
  EXPECT_THAT(Terms("standard language=fr", "Les chevaux de l'école"),
              ElementsAre("cheval", "l'ecol"));
  EXPECT_THAT(Terms("standard language=ru", "Книги и письма"), ElementsAre("книг", "письм"));
}

TEST(Analyzer, StopWordsKeepTheirPositionsAndOffsetsAreBytes) {
  auto analyzer = Analyzer::Make({.language = "en"}).value();
  const auto tokens = analyzer->Analyze("Über the Büro");
  ASSERT_EQ(tokens.size(), 2u);
  EXPECT_EQ(tokens[1].term, "buro");
  EXPECT_EQ(tokens[1].position, 2u);
  EXPECT_EQ(tokens[1].byte_begin, 10u);
  EXPECT_EQ(tokens[1].byte_end, 15u);
}

TEST(Analyzer, WhitespaceAndNgrams) {
  EXPECT_THAT(Terms("whitespace", " C++\tis\u00A0Fun\u3000so "),
              ElementsAre("C++", "is", "Fun", "so"));
  EXPECT_THAT(Terms("ngram", "Überzeug x-y"),
              ElementsAre("ube", "ber", "erz", "rze", "zeu", "eug", "x", "y"));
  EXPECT_THAT(Terms("ngram ngram_min=1 ngram_max=2", "日本"), ElementsAre("日", "日本", "本"));
}

TEST(Analyzer, BrokenUtf8SeparatesWords) {
  EXPECT_THAT(Terms("standard",
                    "ab\xff\xfe"
                    "cd \xe2\x82 ef\xc3"),
              ElementsAre("ab", "cd", "ef"));
  EXPECT_THAT(Terms("whitespace",
                    "ab\xff"
                    "cd"),
              ElementsAre("ab", "cd"));
  EXPECT_THAT(Terms("ngram", "abc\xffxyz"), ElementsAre("abc", "xyz"));
  EXPECT_THAT(Terms("standard", std::string_view("a\0b", 3)), ElementsAre("a", "b"));
  EXPECT_TRUE(Terms("standard", "").empty());
}

TEST(Analyzer, LongTermsAreCutBetweenCharacters) {
  const std::string word(1000, 'a');
  EXPECT_THAT(Terms("standard", word), ElementsAre(word.substr(0, 255)));
  std::string wide;
  for (int i = 0; i < 300; ++i) wide += "ж";
  EXPECT_EQ(Terms("standard", wide)[0].size(), 254u);
}

TEST(Analyzer, FormatAndParseAreInverse) {
  for (const char* text :
       {"standard", "ngram ngram_min=2", "whitespace language=de stop_words=none",
        "standard language=en stemmer=porter fold_accents=false"}) {
    EXPECT_EQ(FormatAnalyzer(ParseAnalyzer(text).value()), text);
  }
}

TEST(Analyzer, WhatDoesNotExistIsRefusedWithWhatDoes) {
  auto message = [](const char* text) {
    const Status status = ParseAnalyzer(text).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_EQ(message("fancy"), "There is no analyzer 'fancy': standard, whitespace, ngram");
  EXPECT_THAT(message("standard language=klingon"), HasSubstr("'klingon' for texts: arabic (ar)"));
  EXPECT_THAT(message("standard stemmer=paice"), HasSubstr("'paice': auto, none, "));
  EXPECT_THAT(message("standard stop_words=tamil"), HasSubstr("auto, none, catalan"));
  EXPECT_THAT(message("standard colour=red"), HasSubstr("no option 'colour=red'"));
  EXPECT_THAT(message("ngram ngram_max=2"), HasSubstr("not 3 to 2"));
  EXPECT_THAT(message("ngram ngram_min=x"), HasSubstr("not 'x'"));
  EXPECT_THAT(message(""), HasSubstr("needs a name"));
}

// ---- the quick way and ICU's ------------------------------------------------------------------

void ExpectAsIcu(const std::string& text) {
  std::vector<Analyzer::Word> quick, slow;
  internal::SplitWords(text, quick);
  std::string without_at = text;
  std::replace(without_at.begin(), without_at.end(), '@', ' ');
  internal::SplitByIcu(without_at, 0, slow);
  auto same = [](const auto& a, const auto& b) { return a.begin == b.begin && a.end == b.end; };
  ASSERT_TRUE(std::equal(quick.begin(), quick.end(), slow.begin(), slow.end(), same))
      << "text: '" << text << "', " << quick.size() << " and " << slow.size() << " words";
}

TEST(QuickSplit, RandomAsciiIsSplitAsIcuDoes) {
  constexpr uint64_t kSeed = 11;
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  std::mt19937_64 random(kSeed);
  const std::string few = "aZ09_.',;: -";
  for (int round = 0; round < 60000; ++round) {
    std::string text(random() % 12, ' ');
    for (char& c : text) {
      c = round % 2 == 0 ? few[random() % few.size()] : static_cast<char>(random() % 128);
    }
    ASSERT_NO_FATAL_FAILURE(ExpectAsIcu(text));
  }
}

TEST(QuickSplit, RandomUnicodeIsSplitAsIcuDoes) {
  constexpr uint64_t kSeed = 12;
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  std::mt19937_64 random(kSeed);
  const std::vector<std::string> pieces = {
      "a",      "B",      "7", "_", ".",  "'",      ",",      ":",    " ",       " ",      "\n",
      "\t",     "\r\n",   "é", "ß", "—",  "’",      "日",     "本",   "语",      "か",     "カ",
      "ー",     "ไ",      "ท", "ย", "한", "국",     "א",      "״",    "م",       "\u0301", "\u200D",
      "\uFE0F", "\u00AD", "😀", "🇩", "🇪",  "\u2028", "\u00A0", "\xff", "\xe2\x82"};
  for (int round = 0; round < 30000; ++round) {
    std::string text;
    for (size_t n = random() % 14; n > 0; --n) text += pieces[random() % pieces.size()];
    ASSERT_NO_FATAL_FAILURE(ExpectAsIcu(text));
  }
}

TEST(QuickSplit, RealTextIsSplitAsIcuDoes) {
  const std::string path = std::string(IOLITE_SOURCE_DIR) + "/../shared/data/scifact/corpus.jsonl";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is absent";
  std::ifstream file(path);
  std::string line;
  for (int i = 0; i < 1500 && std::getline(file, line); ++i)
    ASSERT_NO_FATAL_FAILURE(ExpectAsIcu(line));
}

}  // namespace
}  // namespace iolite::text
