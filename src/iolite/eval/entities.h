#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/evaluation.h"

/// Token classification, counted by whole entities.

namespace iolite::eval {

/// Where an entity stands, and of what type it is: token positions, first and last, or character
/// offsets; both sides alike.
struct Entity {
  std::string type;
  int64_t start = 0;
  int64_t end = 0;
  auto operator<=>(const Entity&) const = default;
};

/// One text: its tags, or the entities it has.
struct TagRow {
  std::string id;
  std::vector<std::string> tags;
};
struct EntityRow {
  std::string id;
  Entity entity;
};

/// Entities of a sequence of tags, read as seqeval reads them by default: a prefix (B, I, O, E, S,
/// and others), a dash, a type. `I-` after `O` and every change of type begin an entity; a prefix
/// alone is of the type `_`. A longer tag without a dash, such as `ORG`, is a type whose neighbours
/// of the same name belong to it; seqeval would take its first letter for the prefix.
std::vector<Entity> EntitiesOf(std::span<const std::string> tags);

/// Compares tags by row: entities are right when type, first and last token are. Micro, macro and
/// weighted means are seqeval's. Rows of the truth without prediction have no predicted entities;
/// predictions of other rows do not count.
///
/// kInvalidArgument for an empty truth, an id that one side has twice, and a row whose tags differ
/// in number.
Result<EntityEvalResult> EvaluateTags(const std::vector<TagRow>& predicted,
                                      const std::vector<TagRow>& truth);

/// Compares entities by row, start, end and type; one that stands twice counts once. Every row
/// counts: a text without a true entity has none, so what was predicted there is wrong.
/// `unpredicted` and `unknown` count texts on one side only.
///
/// kInvalidArgument for an empty truth, and an end before its start.
Result<EntityEvalResult> EvaluateSpans(const std::vector<EntityRow>& predicted,
                                       const std::vector<EntityRow>& truth);

}  // namespace iolite::eval
