#pragma once

#include <string>
#include <string_view>

#include "iolite/base/context.h"
#include "iolite/base/status.h"
#include "iolite/sql/database.h"

namespace iolite::sql {

/// OK when `condition` is one SQL expression that a WHERE clause over `select` (a SELECT statement,
/// named `alias` in the condition) takes. Subqueries are allowed; nothing can be smuggled past the
/// expression.
///
/// kInvalidArgument with the place inside the condition.
Status CheckCondition(const RequestContext& context, Session& session, std::string_view select,
                      std::string_view alias, std::string_view condition);

/// `condition` in parentheses, so that what it ends with (a comment) cannot reach what follows.
std::string WrapCondition(std::string_view condition);

}  // namespace iolite::sql
