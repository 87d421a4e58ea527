#pragma once

#include <string>
#include <vector>

#include "iolite/vector/peers/contender.h"

namespace iolite::vector::peers {

/// Queries that go with one filter, and how far their true neighbours lie.
struct FilteredQueries {
  Filter filter;
  std::vector<uint32_t> queries;
  std::vector<float> distance_max;  ///< of each query's last true neighbour, by the filter
  size_t matches = 0;               ///< rows that pass
};

/// What a query has to do with the rows that its filter lets through.
enum class Correlation {
  kRandom,  ///< nothing: rows are drawn at random
  kNear,    ///< rows lie round a point, and so does the query
  kFar,     ///< rows lie round a point, and the query is among those farthest from it
};

/// kInvalidArgument names `random`, `near` and `far`.
Result<Correlation> ParseCorrelation(const std::string& name);

/// Several filters that let `share` of the rows through, with their queries and the true answers
/// for `k`.
std::vector<FilteredQueries> MakeFilters(const DataSet& data, Correlation correlation, double share,
                                         size_t k);

}  // namespace iolite::vector::peers
