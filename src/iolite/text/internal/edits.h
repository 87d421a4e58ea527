#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/status.h"
#include "iolite/text/internal/dictionary.h"

namespace iolite::text::internal {

std::vector<char32_t> CodePoints(std::string_view text);

/// A Levenshtein automaton, its states made as they are met: tells how many characters must be
/// inserted, deleted, replaced or swapped with their neighbour to make one word of another.
class EditAutomaton {
 public:
  EditAutomaton(std::string_view word, int32_t edits_max);

  /// Goes back to the state after `length` characters.
  void Rewind(size_t length);
  void Step(char32_t character);
  size_t length() const { return characters_.size(); }
  /// Whether some continuation is near enough.
  bool alive() const;
  /// The distance of what was read; above edits_max when it is not near enough.
  int32_t distance() const { return rows_.back().back(); }

 private:
  const std::vector<char32_t> word_;
  const int32_t edits_max_;
  std::vector<std::vector<int32_t>>
      rows_;  // of the table of distances, one for each character read
  std::vector<char32_t> characters_;
};

using VisitTerm =
    std::function<Status(const std::string& term, const TermEntry& entry, int32_t distance)>;

/// The terms that begin with `prefix`, in order.
Status ForEachPrefixed(const RequestContext& context, const Dictionary& dictionary,
                       std::string_view prefix, const VisitTerm& visit);
/// The terms at most `edits_max` edits away from `word`, in order.
Status ForEachNear(const RequestContext& context, const Dictionary& dictionary,
                   std::string_view word, int32_t edits_max, const VisitTerm& visit);

}  // namespace iolite::text::internal
