#include "iolite/search/internal/condition.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>

namespace iolite::search::internal {
namespace {

constexpr std::array<std::string_view, 20> kDependsOnMore = {"select",
                                                             "from",
                                                             "with",
                                                             "table",
                                                             "values",
                                                             "exists",
                                                             "pivot",
                                                             "unpivot",
                                                             "describe",
                                                             "show",
                                                             "current_date",
                                                             "current_time",
                                                             "current_timestamp",
                                                             "localtime",
                                                             "localtimestamp",
                                                             "current_user",
                                                             "session_user",
                                                             "user",
                                                             "current_schema",
                                                             "current_catalog"};

/// Words of the grammar and names of types that a parenthesis may follow.
constexpr std::array<std::string_view, 24> kGrammar = {
    "and",      "or",      "not",     "in",      "is",   "like",     "ilike",  "between",
    "case",     "when",    "then",    "else",    "any",  "all",      "some",   "cast",
    "try_cast", "decimal", "numeric", "varchar", "char", "coalesce", "nullif", "escape"};

bool IsWordStart(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80);
}
bool IsWordPart(char c) {
  return IsWordStart(c) || std::isdigit(static_cast<unsigned char>(c)) || c == '$';
}

/// Reads SQL's outer shape: quotes, comments, parentheses, words.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  Result<Condition> Scan() {
    condition_.text = std::string(text_);
    while (at_ < text_.size()) IOLITE_RETURN_IF_ERROR(Step());
    if (depth_ > 0) return Wrong(opened_at_, "this parenthesis is not closed");
    if (!has_content_)
      return InvalidArgument("The condition is empty. Leave it out to search all rows.");
    return std::move(condition_);
  }

 private:
  Status Step() {
    const char c = text_[at_];
    const std::string_view rest = text_.substr(at_);
    if (std::isspace(static_cast<unsigned char>(c))) {
      ++at_;
      return Status::Ok();
    }
    if (rest.starts_with("--")) {
      at_ = std::min(text_.find('\n', at_), text_.size());
      return Status::Ok();
    }
    if (rest.starts_with("/*")) return SkipPast("*/", 2, "this comment does not end");
    has_content_ = true;
    if (c == '\'') return Quoted('\'', escape_string_, "this string does not end");
    if (c == '"') return QuotedName();
    if (c == '$' && DollarTag(rest) > 0) return DollarQuoted(rest);
    if (c == ';') return Wrong(at_, "a condition is one expression; `;` cannot stand in it");
    if (c == '(' && depth_++ == 0) opened_at_ = at_;
    if (c == ')' && depth_-- == 0) return Wrong(at_, "this closing parenthesis has no opening one");
    if (IsWordStart(c)) {
      Word();
      return Status::Ok();
    }
    if (std::isdigit(static_cast<unsigned char>(c))) {
      while (at_ < text_.size() && IsWordPart(text_[at_])) ++at_;
      return Status::Ok();
    }
    ++at_;
    return Status::Ok();
  }

  void Word() {
    const size_t begin = at_;
    while (at_ < text_.size() && IsWordPart(text_[at_])) ++at_;
    std::string word(text_.substr(begin, at_ - begin));
    std::ranges::transform(word, word.begin(), [](unsigned char c) { return std::tolower(c); });
    escape_string_ = word == "e" && at_ < text_.size() && text_[at_] == '\'';
    (ParenthesisFollows() ? condition_.functions : condition_.words).push_back(std::move(word));
  }

  bool ParenthesisFollows() const {
    const size_t next = text_.find_first_not_of(" \t\r\n", at_);
    return next != std::string_view::npos && text_[next] == '(';
  }

  Status QuotedName() {
    IOLITE_RETURN_IF_ERROR(Quoted('"', false, "this name does not end"));
    if (ParenthesisFollows()) condition_.quoted_function = true;
    return Status::Ok();
  }

  /// A doubled quote stays inside, and so does one after a backslash where `escapes`.
  Status Quoted(char quote, bool escapes, std::string_view problem) {
    const size_t begin = at_;
    escape_string_ = false;
    for (++at_; at_ < text_.size(); ++at_) {
      if (escapes && text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == quote) {
        if (at_ + 1 < text_.size() && text_[at_ + 1] == quote) {
          ++at_;
        } else {
          ++at_;
          return Status::Ok();
        }
      }
    }
    return Wrong(begin, problem);
  }

  /// Length of `$tag$` at the beginning of `rest`, or 0.
  static size_t DollarTag(std::string_view rest) {
    size_t end = 1;
    while (end < rest.size() && IsWordPart(rest[end]) && rest[end] != '$') ++end;
    return end < rest.size() && rest[end] == '$' ? end + 1 : 0;
  }

  Status DollarQuoted(std::string_view rest) {
    const std::string_view tag = rest.substr(0, DollarTag(rest));
    return SkipPast(tag, tag.size(), "this string does not end");
  }

  Status SkipPast(std::string_view end, size_t from, std::string_view problem) {
    const size_t found = text_.find(end, at_ + from);
    if (found == std::string_view::npos) return Wrong(at_, problem);
    at_ = found + end.size();
    return Status::Ok();
  }

  Status Wrong(size_t place, std::string_view problem) const {
    return InvalidArgument("The condition is not valid at character {}: {}.\n  {}\n  {}^",
                           place + 1, problem, text_, std::string(place, ' '));
  }

  const std::string_view text_;
  size_t at_ = 0;
  size_t opened_at_ = 0;
  int64_t depth_ = 0;
  bool has_content_ = false;
  bool escape_string_ = false;
  Condition condition_;
};

}  // namespace

Result<Condition> ParseCondition(std::string_view text) { return Scanner(text).Scan(); }

bool IsRepeatable(const Condition& condition,
                  const std::set<std::string, std::less<>>& stable_functions) {
  if (condition.quoted_function) return false;
  const auto depends_on_more = [](const std::string& word) {
    return std::ranges::find(kDependsOnMore, word) != kDependsOnMore.end();
  };
  if (std::ranges::any_of(condition.words, depends_on_more)) return false;
  return std::ranges::all_of(condition.functions, [&](const std::string& word) {
    return std::ranges::find(kGrammar, word) != kGrammar.end() ||
           (!depends_on_more(word) && stable_functions.contains(word));
  });
}

}  // namespace iolite::search::internal
