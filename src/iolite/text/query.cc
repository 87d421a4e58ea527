#include "iolite/text/query.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace iolite::text {
namespace {

constexpr size_t kDepthMax = 64, kNodesMax = 4096;
constexpr int32_t kEditsMax = 2, kSlopMax = 1000;

size_t Characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Recursive descent over the text of one query.
class Parser {
 public:
  Parser(const TextQuery& query, const QueryOptions& options)
      : query_(query), text_(query.text()), options_(options) {}

  Result<QueryNode> Parse() {
    IOLITE_ASSIGN_OR_RETURN(auto root, ParseList(0));
    if (at_ < text_.size()) return Error(at_, "There is no open parenthesis to close");
    return root;
  }

 private:
  Status Error(size_t offset, std::string_view problem) const {
    return query_.ErrorAt(offset, problem);
  }
  void SkipSpace() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }
  // What may end a word. Signs within one are part of it.
  static bool EndsWord(char c) {
    return IsSpace(c) || c == '(' || c == ')' || c == '"' || c == '^' || c == '~' || c == '*' ||
           c == ':';
  }
  bool AtOperator(std::string_view name) const {
    return text_.substr(at_).starts_with(name) &&
           (at_ + name.size() == text_.size() || EndsWord(text_[at_ + name.size()])) &&
           !text_.substr(at_ + name.size()).starts_with(':');
  }
  bool TakeOperator(std::string_view name) {
    SkipSpace();
    if (!AtOperator(name)) return false;
    at_ += name.size();
    return true;
  }

  // Clauses side by side, up to a closing parenthesis or the end.
  Result<QueryNode> ParseList(size_t depth) {
    QueryNode list{.offset = at_};
    for (;;) {
      SkipSpace();
      if (at_ == text_.size() || text_[at_] == ')') break;
      IOLITE_ASSIGN_OR_RETURN(auto clause, ParseOr(depth));
      if (options_.all_words && clause.occur == QueryNode::Occur::kShould) {
        clause.occur = QueryNode::Occur::kMust;
      }
      list.children.push_back(std::move(clause));
    }
    return list;
  }

  Result<QueryNode> ParseOr(size_t depth) {
    return ParseChain(depth, "OR", &Parser::ParseAnd, [](QueryNode&) {});
  }
  Result<QueryNode> ParseAnd(size_t depth) {
    return ParseChain(depth, "AND", &Parser::ParseUnary, [](QueryNode& clause) {
      if (clause.occur == QueryNode::Occur::kShould) clause.occur = QueryNode::Occur::kMust;
    });
  }

  template <typename Mark>
  Result<QueryNode> ParseChain(size_t depth, std::string_view name,
                               Result<QueryNode> (Parser::*next)(size_t), Mark mark) {
    const size_t begin = at_;
    IOLITE_ASSIGN_OR_RETURN(auto clause, (this->*next)(depth));
    const size_t at = at_;
    if (!TakeOperator(name)) {
      at_ = at;
      return clause;
    }
    QueryNode chain{.offset = begin};
    mark(clause);
    chain.children.push_back(std::move(clause));
    do {
      SkipSpace();
      if (at_ == text_.size() || text_[at_] == ')') {
        return Error(at_, fmt::format("Something must follow {}", name));
      }
      IOLITE_ASSIGN_OR_RETURN(auto another, (this->*next)(depth));
      mark(another);
      chain.children.push_back(std::move(another));
    } while (TakeOperator(name));
    return chain;
  }

  Result<QueryNode> ParseUnary(size_t depth) {
    SkipSpace();
    const size_t begin = at_;
    for (const std::string_view name : {"AND", "OR"}) {
      if (AtOperator(name)) return Error(at_, fmt::format("Something must stand before {}", name));
    }
    auto occur = QueryNode::Occur::kShould;
    if (TakeOperator("NOT") || (text_[at_] == '-' && ++at_ > 0)) {
      occur = QueryNode::Occur::kMustNot;
    } else if (text_[at_] == '+') {
      ++at_;
      occur = QueryNode::Occur::kMust;
    }
    if (occur != QueryNode::Occur::kShould) SkipSpace();
    if (at_ == text_.size() || text_[at_] == ')') {
      return Error(begin, "Something must follow this sign");
    }
    IOLITE_ASSIGN_OR_RETURN(auto clause, ParsePrimary(depth, ""));
    clause.occur = occur;
    return clause;
  }

  Result<QueryNode> ParsePrimary(size_t depth, const std::string& field) {
    if (++nodes_ > kNodesMax) {
      return Error(at_, fmt::format("A query has at most {} parts", kNodesMax));
    }
    if (text_[at_] == '(') return ParseGroup(depth, field);
    if (text_[at_] == '"') return ParsePhrase(field);
    return ParseWord(depth, field);
  }

  Result<QueryNode> ParseGroup(size_t depth, const std::string& field) {
    const size_t open = at_++;
    if (depth >= kDepthMax) {
      return Error(open, fmt::format("Parentheses go {} deep at most", kDepthMax));
    }
    IOLITE_ASSIGN_OR_RETURN(auto group, ParseList(depth + 1));
    if (at_ == text_.size()) return Error(open, "This parenthesis is not closed");
    ++at_;
    group.offset = open;
    if (!field.empty()) SetField(group, field);
    IOLITE_RETURN_IF_ERROR(ParseBoost(group));
    return group;
  }

  // What says a field itself keeps it.
  static void SetField(QueryNode& node, const std::string& field) {
    if (node.kind != QueryNode::Kind::kBoolean && node.field.empty()) node.field = field;
    for (QueryNode& child : node.children) SetField(child, field);
  }

  Result<QueryNode> ParsePhrase(const std::string& field) {
    QueryNode phrase{.kind = QueryNode::Kind::kPhrase, .field = field, .offset = at_++};
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      phrase.text += text_[at_++];
    }
    if (at_ == text_.size()) return Error(phrase.offset, "This quotation mark is not closed");
    ++at_;
    if (at_ < text_.size() && text_[at_] == '~') {
      IOLITE_ASSIGN_OR_RETURN(phrase.distance, ParseDistance(kSlopMax, 0, "moves of a phrase"));
    }
    IOLITE_RETURN_IF_ERROR(ParseBoost(phrase));
    return phrase;
  }

  Result<QueryNode> ParseWord(size_t depth, const std::string& field) {
    QueryNode word{.kind = QueryNode::Kind::kWord, .field = field, .offset = at_};
    while (at_ < text_.size() && !EndsWord(text_[at_])) {
      if (text_[at_] == '\\') {
        if (at_ + 1 == text_.size()) return Error(at_, "A character must follow this backslash");
        ++at_;
      }
      word.text += text_[at_++];
    }
    const char next = at_ < text_.size() ? text_[at_] : ' ';
    if (next == ':' && !word.text.empty()) {
      ++at_;
      if (at_ < text_.size() && !IsSpace(text_[at_]) && text_[at_] != ')') {
        IOLITE_ASSIGN_OR_RETURN(auto inner, ParsePrimary(depth, word.text));
        inner.offset = word.offset;
        return inner;
      }
      return Error(word.offset, fmt::format("Something must follow '{}:'", word.text));
    }
    if (word.text.empty()) {
      return Error(at_, fmt::format("'{}' must follow a word; write \\{} for the character itself",
                                    next, next));
    }
    if (next == '*') {
      ++at_;
      word.kind = QueryNode::Kind::kPrefix;
    } else if (next == '~') {
      word.kind = QueryNode::Kind::kFuzzy;
      IOLITE_ASSIGN_OR_RETURN(word.distance, ParseDistance(kEditsMax, kEditsMax, "edits"));
    }
    IOLITE_RETURN_IF_ERROR(ParseBoost(word));
    if (at_ < text_.size() && (text_[at_] == '*' || text_[at_] == '~' || text_[at_] == ':')) {
      return Error(at_, fmt::format("'{}' cannot stand here; write \\{} for the character itself",
                                    text_[at_], text_[at_]));
    }
    return word;
  }

  Result<int32_t> ParseDistance(int32_t most, int32_t usual, std::string_view what) {
    const size_t begin = at_++;
    int32_t distance = usual;
    const char* end = text_.data() + text_.size();
    const auto [stop, error] = std::from_chars(text_.data() + at_, end, distance);
    at_ = static_cast<size_t>(stop - text_.data());
    if (error == std::errc::result_out_of_range || distance < 0 || distance > most) {
      return Error(begin, fmt::format("The {} are 0 to {}", what, most));
    }
    return distance;
  }

  Status ParseBoost(QueryNode& node) {
    if (at_ == text_.size() || text_[at_] != '^') return Status::Ok();
    const size_t begin = at_++;
    const char* end = text_.data() + text_.size();
    const auto [stop, error] = std::from_chars(text_.data() + at_, end, node.boost);
    at_ = static_cast<size_t>(stop - text_.data());
    if (error == std::errc() && node.boost >= 1e-3f && node.boost <= 1e3f) return Status::Ok();
    return Error(begin, "A boost is a number from .001 to 1,000");
  }

  const TextQuery& query_;
  const std::string_view text_;
  const QueryOptions options_;
  size_t at_ = 0, nodes_ = 0;
};

}  // namespace

Status TextQuery::ErrorAt(size_t offset, std::string_view problem) const {
  // A long query is shown around the place.
  constexpr size_t kBefore = 40, kAfter = 40;
  offset = std::min(offset, text_.size());
  auto is_inside = [&](size_t at) {
    return at < text_.size() && (static_cast<unsigned char>(text_[at]) & 0xC0) == 0x80;
  };
  size_t begin = offset > kBefore ? offset - kBefore : 0;
  size_t end = std::min(text_.size(), offset + kAfter);
  while (begin > 0 && is_inside(begin)) --begin;
  while (is_inside(end)) ++end;
  std::string line = text_.substr(begin, end - begin);
  for (char& c : line) c = IsSpace(c) ? ' ' : c;
  const std::string_view cut = begin > 0 ? "…" : "";
  const size_t column = Characters(std::string_view(text_).substr(begin, offset - begin));
  return InvalidArgument("{}, at character {} of the query:\n  {}{}{}\n  {}^", problem,
                         Characters(std::string_view(text_).substr(0, offset)) + 1, cut, line,
                         end < text_.size() ? "…" : "",
                         std::string(column + (begin > 0 ? 1 : 0), ' '));
}

Result<TextQuery> TextQuery::Parse(std::string_view text, const QueryOptions& options) {
  TextQuery query;
  query.text_ = text;
  if (options.literal) {
    const auto occur = options.all_words ? QueryNode::Occur::kMust : QueryNode::Occur::kShould;
    for (size_t at = 0; at < text.size();) {
      const size_t begin = at;
      while (at < text.size() && !IsSpace(text[at])) ++at;
      if (at > begin) {
        query.root_.children.push_back({.kind = QueryNode::Kind::kWord,
                                        .occur = occur,
                                        .text = std::string(text.substr(begin, at - begin)),
                                        .offset = begin});
      }
      ++at;
    }
    return query;
  }
  IOLITE_ASSIGN_OR_RETURN(query.root_, Parser(query, options).Parse());
  return query;
}

}  // namespace iolite::text
