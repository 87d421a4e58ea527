#include "iolite/text/query.h"

#include <gtest/gtest.h>

#include <random>

namespace iolite::text {
namespace {

// The tree of a query in one line: [+a -b "c d"~2 e* f~1 t:g^2].
std::string Show(const QueryNode& node) {
  std::string text = node.occur == QueryNode::Occur::kMust      ? "+"
                     : node.occur == QueryNode::Occur::kMustNot ? "-"
                                                                : "";
  if (!node.field.empty()) text += node.field + ":";
  switch (node.kind) {
    case QueryNode::Kind::kWord: text += node.text; break;
    case QueryNode::Kind::kPhrase: text += '"' + node.text + '"'; break;
    case QueryNode::Kind::kPrefix: text += node.text + "*"; break;
    case QueryNode::Kind::kFuzzy: text += node.text; break;
    case QueryNode::Kind::kBoolean: {
      text += "[";
      for (const QueryNode& child : node.children) {
        if (text.back() != '[') text += " ";
        text += Show(child);
      }
      text += "]";
    }
  }
  if (node.distance > 0 || node.kind == QueryNode::Kind::kFuzzy) {
    text += fmt::format("~{}", node.distance);
  }
  return node.boost == 1 ? text : text + fmt::format("^{}", node.boost);
}

std::string Show(std::string_view text, const QueryOptions& options = {}) {
  const auto query = TextQuery::Parse(text, options);
  return query.ok() ? Show(query->root()) : std::string(query.status().message());
}

TEST(TextQuery, ReadsWhatPeopleWrite) {
  EXPECT_EQ(Show("a b"), "[a b]");
  EXPECT_EQ(Show(" +a -b NOT c "), "[+a -b -c]");
  EXPECT_EQ(Show("a AND b"), "[[+a +b]]");
  EXPECT_EQ(Show("a OR b AND c d"), "[[a [+b +c]] d]");
  EXPECT_EQ(Show("a AND NOT (b OR c)"), "[[+a -[[b c]]]]");
  EXPECT_EQ(Show("\"a b\"~2^1.5 c*^2 d~1 e~ f^3"), "[\"a b\"~2^1.5 c*^2 d~1 e~2 f^3]");
  EXPECT_EQ(Show("t:a t:\"b c\" t:(d u:e)^2"), "[t:a t:\"b c\" [t:d u:e]^2]");
  EXPECT_EQ(Show("wi-fi a+b ANDY ORB"), "[wi-fi a+b ANDY ORB]");
  EXPECT_EQ(Show("\\+a \\\"b c\\:d \"e \\\" f\" \\AND"), "[+a \"b c:d \"e \" f\" AND]");
  EXPECT_EQ(Show(""), "[]");
  EXPECT_EQ(Show("a b", {.all_words = true}), "[+a +b]");
  EXPECT_EQ(Show("größe:\"日 本\""), "[größe:\"日 本\"]");
}

TEST(TextQuery, LiteralTakesTheTextAsItIs) {
  EXPECT_EQ(Show("a AND (b \"c +d", {.literal = true}), "[a AND (b \"c +d]");
  EXPECT_EQ(Show("a -b", {.literal = true, .all_words = true}), "[+a +-b]");
}

TEST(TextQuery, MistakesArePointedAt) {
  EXPECT_EQ(
      Show("cat \"dog"),
      "This quotation mark is not closed, at character 5 of the query:\n  cat \"dog\n      ^");
  EXPECT_EQ(
      Show("größe (a b"),
      "This parenthesis is not closed, at character 7 of the query:\n  größe (a b\n        ^");
  EXPECT_EQ(Show("a) b"),
            "There is no open parenthesis to close, at character 2 of the query:\n  a) b\n   ^");
  EXPECT_EQ(Show("a AND"),
            "Something must follow AND, at character 6 of the query:\n  a AND\n       ^");
  EXPECT_EQ(Show("OR b"),
            "Something must stand before OR, at character 1 of the query:\n  OR b\n  ^");
  for (const char* text :
       {"a OR", "(",          "()",    "+",   "a -", "NOT", "t:", "t: a",       "*",   "a^x", "a^0",
        "a~3",  "\"a\"~9999", "a~1~1", "a**", "^2",  ":a",  "\\", "a (b OR) c", "AND", "~"}) {
    if (std::string_view(text) == "()") continue;
    EXPECT_NE(Show(text).find("of the query:\n"), std::string::npos) << text;
  }
  EXPECT_NE(Show(std::string(100, '(')).find("64 deep"), std::string::npos);
  // A long query is shown around the place.
  const std::string message = Show(std::string(500, 'x') + " \"open " + std::string(500, 'y'));
  EXPECT_LT(message.size(), 250u);
  EXPECT_NE(message.find("character 502"), std::string::npos);
}

TEST(TextQuery, AnyBytesGiveATreeOrAMessage) {
  constexpr uint64_t kSeed = 51;
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  std::mt19937_64 random(kSeed);
  const std::vector<std::string> pieces = {"a",  "b",   " ",    "(",  ")",  "\"", "+", "-",   "AND",
                                           "OR", "NOT", "~",    "^",  "*",  ":",  "1", "2.5", "\\",
                                           " ",  "é",   "\xff", "日", "e9", "-1", "\n"};
  for (int round = 0; round < 30000; ++round) {
    std::string text;
    for (size_t n = random() % 12; n > 0; --n) text += pieces[random() % pieces.size()];
    Show(text);
    EXPECT_FALSE(Show(text, {.literal = true}).empty());
  }
}

}  // namespace
}  // namespace iolite::text
