#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/text/analyzer.h"
#include "iolite/text/index_builder.h"
#include "iolite/text/query.h"

namespace iolite::text {

/// A stretch of a text, in bytes and in characters (code points; each byte that is not UTF-8 counts
/// as one).
struct TextSpan {
  uint32_t byte_begin = 0, byte_end = 0;
  uint32_t character_begin = 0, character_end = 0;

  bool operator==(const TextSpan&) const = default;
};

struct Highlights {
  /// Words that answer the query, in order; of a phrase, only where it occurs.
  std::vector<TextSpan> words;
  /// The stretch in which most of the query's terms occur, from word to word; empty where none
  /// does.
  TextSpan fragment;
};

struct HighlightRequest {
  const TextQuery* query = nullptr;
  /// Those of the index, and which of them the text is of.
  const Analyzer* analyzer = nullptr;
  std::vector<TextField> fields;
  std::string field;
  uint32_t fragment_characters = 200;  ///< at most so many, unless a word is longer
};

/// Finds in the original text what a query found. What must not occur is not looked for.
///
/// kInvalidArgument for an unknown field, and for what Search refuses.
Result<Highlights> Highlight(const HighlightRequest& request, std::string_view text);

}  // namespace iolite::text
