#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "iolite/base/status.h"

/// Retrieval metrics over a ranking and graded judgements, defined as trec_eval defines them.

namespace iolite::eval {

/// Judgements of one query: document id to grade; a grade above 0 is relevant.
using Judgements = std::map<std::string, int32_t, std::less<>>;
/// Judgements by query id.
using Qrels = std::map<std::string, Judgements, std::less<>>;

/// What one query got, best first.
using Ranking = std::vector<std::string>;

struct QueryMetrics {
  double ndcg = 0;
  double recall = 0;
  double average_precision = 0;
  double reciprocal_rank = 0;
};

/// Figures of one query at cut-off `k`. nDCG with gain = grade and discount log2(rank + 1); recall and
/// average precision over all relevant documents; a query without a relevant document counts as 0.
QueryMetrics Evaluate(const Ranking& ranking, const Judgements& judgements, size_t k);

/// Mean over queries.
QueryMetrics Mean(const std::vector<QueryMetrics>& metrics);

}  // namespace iolite::eval
