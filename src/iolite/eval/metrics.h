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

/// What one query got, best first. A document that appears again counts where it appeared first.
using Ranking = std::vector<std::string>;

struct QueryMetrics {
  double ndcg = 0;
  double recall = 0;
  double average_precision = 0;
  double reciprocal_rank = 0;
};

/// Figures of one query at cut-off `k`: trec_eval's `ndcg_cut`, `recall`, `map_cut` and, over the
/// first `k` documents, `recip_rank`. nDCG with gain = grade and discount log2(rank + 1), against
/// the best possible order of the judgements; recall and average precision over all relevant
/// documents. Unjudged documents and grades below 0 gain nothing. A query without a relevant
/// document counts as 0.
QueryMetrics Evaluate(const Ranking& ranking, const Judgements& judgements, size_t k);

/// Mean over queries; zeros for none.
QueryMetrics Mean(const std::vector<QueryMetrics>& metrics);

}  // namespace iolite::eval
