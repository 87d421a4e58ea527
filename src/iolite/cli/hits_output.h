#pragma once

#include <string>
#include <vector>

#include "iolite/cli/console.h"
#include "iolite/engine.h"

namespace iolite::cli {

/// Prints the hits of one search in the console's format: a table of score, id and columns; one
/// JSON object a hit as search::AppendHitJson writes it; CSV or
/// Parquet with id, score, distance and columns.
Status PrintHits(const Console& console, SearchResult result);

/// Prints the hits of many searches, in the order of the queries: as PrintHits in JSON, with
/// `query` first; else rows of query_id, rank, id, score, distance.
Status PrintBatch(const Console& console, const std::vector<std::string>& query_ids,
                  std::vector<SearchResult> results);

/// What a search did, step by step, on stderr.
void PrintExplanation(const SearchResult& result);

}  // namespace iolite::cli
