#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"

namespace iolite::search::internal {

/// What a look at a condition's words tells, before any SQL runs.
struct Condition {
  std::string text;
  std::vector<std::string> words;      ///< bare words that no `(` follows, in lower case
  std::vector<std::string> functions;  ///< words that `(` follows, in lower case
  bool quoted_function = false;        ///< a quoted name is called
};

/// Takes a condition that shall stand inside `WHERE (…)` apart into words. kInvalidArgument, with
/// the place, for what could leave the parentheses: a `;`, a closing parenthesis too many or too
/// few, a string, name or comment that does not end; and for an empty condition.
Result<Condition> ParseCondition(std::string_view text);

/// Whether the condition's answer depends on the source's rows alone, so that it may be kept while
/// the source stays as it is: no subquery, no clock, no session, and only functions of
/// `stable_functions`.
bool IsRepeatable(const Condition& condition,
                  const std::set<std::string, std::less<>>& stable_functions);

}  // namespace iolite::search::internal
