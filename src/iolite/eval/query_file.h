#pragma once

#include <map>
#include <string>
#include <vector>

#include "iolite/base/status.h"

namespace iolite::eval {

struct EvalQuery {
  std::string id;
  std::string text;
  std::map<std::string, std::string> columns{};  ///< whatever else the file says about it
};

/// Reads queries in the order of the file; the layout shows in its first line:
///
///     {"_id": "1", "text": "…"}    BEIR's queries.jsonl (`id` and `query` are understood too);
///     other
///                                  texts, numbers and booleans, also in `metadata`, are columns
///     1<TAB>…                      an id, and all else is the text
///     id<TAB>text<TAB>year         a header: more than two fields are columns, one of them the
///     text <top> <num> … <title> …      TREC topics; the title is the text
///
/// kInvalidArgument, beginning with `file:line`, for a malformed line, an id that came before, an
/// empty file; kNotFound for a missing one.
Result<std::vector<EvalQuery>> ReadQueries(const std::string& path);

}  // namespace iolite::eval
