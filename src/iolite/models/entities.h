#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/models/tokenizer.h"

namespace iolite::models {

/// How the tokens of one word agree on a label.
enum class WordStrategy {
  kFirst,    ///< its first token decides
  kAverage,  ///< the mean of its tokens' probabilities decides
  kMax,      ///< its surest token decides
};
/// Reads `first`, `average` or `max`; kInvalidArgument for anything else.
Result<WordStrategy> ParseWordStrategy(std::string_view name);

/// Something that a text names.
struct Entity {
  std::string label;     ///< without the tag's prefix: `PER`
  std::string text;      ///< cut from the original
  float confidence = 0;  ///< mean over its words
  int64_t begin = 0;     ///< in characters (code points) of the text
  int64_t end = 0;       ///< past its last character
};

/// What a label of a token says of an entity.
struct Tag {
  enum class Place { kOutside, kBegin, kInside, kLast, kSingle };
  Place place = Place::kInside;
  std::string entity;
};

/// Reads labels as tags. `B-`, `I-` (BIO) count as prefixes when every label but `O` has one of
/// them, and so do `L-`, `U-` (BILOU), `E-`, `S-` and `M-` (BIOES, BMES) beside them; otherwise
/// labels are plain, and neighbours of one label are one entity.
std::vector<Tag> ReadTags(std::span<const std::string> labels);

/// Joins tokens to words and words to entities. `text` is UTF-8; spans are those of its tokens, and
/// token i has the probabilities [i * tags, (i + 1) * tags).
std::vector<Entity> JoinEntities(std::string_view text, std::span<const TokenSpan> spans,
                                 std::span<const float> probabilities, std::span<const Tag> tags,
                                 WordStrategy strategy);

}  // namespace iolite::models
