#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"

namespace iolite::text {

/// A piece of a query as it was written; an index analyzes its words.
struct QueryNode {
  enum class Kind {
    kWord,     ///< `cells`; may turn out to be several terms, or none
    kPhrase,   ///< `"stem cells"~2`: the words in this order, with up to so many moves
    kPrefix,   ///< `cell*`
    kFuzzy,    ///< `cell~1`: terms at most so many edits away; swapped neighbours count as one edit
    kBoolean,  ///< children, each with how it must occur
  };
  enum class Occur { kShould, kMust, kMustNot };

  Kind kind = Kind::kBoolean;
  Occur occur = Occur::kShould;
  std::string text;      ///< of words and phrases, without escapes
  std::string field;     ///< empty for all fields together
  int32_t distance = 0;  ///< slop of a phrase, edits of a fuzzy word
  float boost = 1;
  size_t offset = 0;  ///< in the query, in bytes
  std::vector<QueryNode> children;
};

struct QueryOptions {
  /// Take the text as it is: words, none of which must occur, and no syntax.
  bool literal = false;
  /// Words side by side must all occur.
  bool all_words = false;
};

/// A query in words, as a person writes it:
///
///     cell therapy             either, the more the better
///     +cell -mouse             must, must not; also: cell AND NOT mouse, a OR b, parentheses
///     "stem cell"~2            a phrase, with up to two moves
///     thera*  cel~1            beginnings; misspellings by one edit, `~` alone by two
///     title:cell^2             in one field; what counts twice
///     \+                       the character itself
///
/// NOT binds closest, then AND, then OR, then standing side by side.
class TextQuery {
 public:
  /// kInvalidArgument for a mistake in syntax; the message names the character and points at it.
  static Result<TextQuery> Parse(std::string_view text, const QueryOptions& options = {});

  const std::string& text() const { return text_; }
  const QueryNode& root() const { return root_; }
  /// kInvalidArgument with `problem`, the place, and a line that points at it.
  Status ErrorAt(size_t offset, std::string_view problem) const;

 private:
  std::string text_;
  QueryNode root_;
};

}  // namespace iolite::text
