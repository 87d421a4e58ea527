#pragma once

#include <string>
#include <vector>

#include "iolite/base/status.h"

namespace iolite::eval {

struct EvalQuery {
  std::string id;
  std::string text;
};

/// Reads queries in the order of the file; the layout shows in its first line:
///
///     {"_id": "1", "text": "…"}    BEIR's queries.jsonl (`id` and `query` are understood too)
///     1<TAB>…                      two columns; a header `query-id<TAB>text` or `id<TAB>text` is
///     skipped <top> <num> … <title> …      TREC topics; the title is the text
///
/// kInvalidArgument, beginning with `file:line`, for a malformed line, an id that came before, an
/// empty file; kNotFound for a missing one.
Result<std::vector<EvalQuery>> ReadQueries(const std::string& path);

}  // namespace iolite::eval
