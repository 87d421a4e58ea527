#pragma once

#include <string>
#include <vector>

#include "iolite/engine.h"

namespace iolite::cli {

/// A batch of queries read from a file, and the id each is answered under.
struct QueryFile {
  std::vector<std::string> ids;
  std::vector<SearchQuery> queries;
};

/// Reads texts or vectors from a Parquet, CSV, JSON or JSON-lines file. The column of texts is
/// `text`, `query` or the only text column beside the id; that of vectors `vector`, `embedding` or
/// the only list of numbers; ids come from `_id`, `id` or `query_id`, else they are positions from
/// 0. kInvalidArgument says which columns there are.
Result<QueryFile> ReadQueryFile(Engine& engine, const std::string& path);

}  // namespace iolite::cli
