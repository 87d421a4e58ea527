#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
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
  double precision = 0;
  double average_precision = 0;
  double reciprocal_rank = 0;
  double hit_rate = 0;  ///< 1 when a relevant document was found
};

/// A metric's name in answers, and where its figure stands.
struct Metric {
  std::string_view name;
  double QueryMetrics::*figure;
};

/// All metrics, in the order of answers.
std::span<const Metric> AllMetrics();
/// `ndcg@10`: each metric at each cut-off, cut-off by cut-off.
std::vector<std::string> MetricNames(std::span<const int64_t> cutoffs);
/// One query's figures in the order of MetricNames().
std::vector<double> Figures(const Ranking& ranking, const Judgements& judgements,
                            std::span<const int64_t> cutoffs);

/// Figures of one query at cut-off `k`: trec_eval's `ndcg_cut`, `recall`, `P`, `map_cut`, `success`
/// and, over the first `k` documents, `recip_rank`. nDCG with gain = grade and discount
/// log2(rank + 1), against the best possible order of the judgements; recall and average precision
/// over all relevant documents; precision over k, also where fewer were answered. Unjudged
/// documents and grades below 0 gain nothing. A query without a relevant document counts as 0.
QueryMetrics Evaluate(const Ranking& ranking, const Judgements& judgements, size_t k);

/// trec_eval's `iprec_at_recall` at 0, 0.1, … 1: the greatest precision at any rank that has
/// reached that recall; 0 where none has.
std::vector<double> PrecisionAtRecall(const Ranking& ranking, const Judgements& judgements);

/// The mean of each column of rows of one length, summed in their order; empty for no rows.
std::vector<double> ColumnMeans(const std::vector<const std::vector<double>*>& rows);

}  // namespace iolite::eval
