#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/eval/metrics.h"
#include "iolite/evaluation.h"

namespace iolite::eval {

using ScoredDocument = EvalDocument;

/// What a system answered, by query id.
using Run = std::map<std::string, std::vector<ScoredDocument>, std::less<>>;

/// Orders documents as trec_eval does: by score, highest first, where scores that are equal as
/// 32-bit floats are ties, and ties by id, *greatest first*. The rank a run file states plays no
/// part.
Ranking Rank(std::vector<ScoredDocument> documents);

/// Reads `query Q0 document rank score tag` lines. kInvalidArgument, beginning with `file:line`,
/// for a malformed line, for a document or a rank that a query has twice, and for an empty file.
Result<Run> ReadRun(const std::string& path);

/// The same documents with scores that Rank() orders as they stand: a score that is not below the
/// one before as a 32-bit float is lowered to the next one that is. For writing a ranking whose
/// order says more than its scores.
std::vector<ScoredDocument> WithFallingScores(std::vector<ScoredDocument> documents);

/// Writes a run file that trec_eval and Rank() read; documents in the order given. kInvalidArgument
/// for an id that is empty or holds a blank, which the format cannot carry.
Status WriteRun(const std::string& path, const Run& run, std::string_view tag);

}  // namespace iolite::eval
