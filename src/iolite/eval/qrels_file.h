#pragma once

#include <string>

#include "iolite/base/status.h"
#include "iolite/eval/metrics.h"

namespace iolite::eval {

/// Reads judgements; the layout shows in the first line:
///
///     query-id<TAB>corpus-id<TAB>score    BEIR's qrels; the header may be missing
///     query 0 document grade              TREC's qrels, between blanks or tabs; the second field
///     is unused
///
/// kInvalidArgument, beginning with `file:line`, for a malformed line, for a pair judged twice with
/// different grades, and for a file without judgements; kNotFound for a missing file.
Result<Qrels> ReadQrels(const std::string& path);

}  // namespace iolite::eval
