#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/progress.h"
#include "iolite/base/status.h"
#include "iolite/eval/metrics.h"
#include "iolite/eval/query_file.h"

namespace iolite::eval {

/// What is measured: answers some queries with at most `k` documents each, in the order of the
/// queries. Anything that can be called: a search, a server, a run file.
using RetrieveFunction = std::function<Result<std::vector<Ranking>>(
    const RequestContext& context, std::span<const EvalQuery> queries, size_t k)>;

/// A RetrieveFunction from one that answers a single query.
RetrieveFunction OneByOne(
    std::function<Result<Ranking>(const RequestContext&, const EvalQuery&, size_t k)> retrieve);

struct EvaluateOptions {
  std::vector<size_t> cutoffs = {10};
  size_t batch_query_count = 256;  ///< queries given to one call
  ProgressFunction progress;       ///< counts queries
};

/// Figures of one query, in the order of the cut-offs.
struct QueryResult {
  std::string id;
  std::vector<QueryMetrics> metrics;
};

struct Evaluation {
  std::vector<size_t> cutoffs;
  std::vector<QueryMetrics> means;  ///< in the order of the cut-offs
  std::vector<QueryResult> queries;
  int64_t left_out = 0;  ///< queries that nobody judged: neither asked nor counted
  int64_t unasked = 0;   ///< judged queries that the queries file does not have
};

/// Asks every query that has judgements, with the greatest cut-off as k, and compares. A query that
/// gets no answer counts as 0.
///
/// kInvalidArgument when no query has judgements, with an id of each side, or for a cut-off of 0;
/// errors of `retrieve` as they are.
Result<Evaluation> Evaluate(const RequestContext& context, const std::vector<EvalQuery>& queries,
                            const Qrels& qrels, const EvaluateOptions& options,
                            const RetrieveFunction& retrieve);

/// `{"queries": 300, "ndcg@10": 0.645, "recall@10": …, "map@10": …, "mrr@10": …, "left_out": 0,
/// "unasked": 0}`.
std::string EvaluationToJson(const Evaluation& evaluation);
/// One line a query: `{"id": "1", "ndcg@10": …, "recall@10": …, "map@10": …, "mrr@10": …}`.
std::string QueryResultsToJsonLines(const Evaluation& evaluation);
/// Writes QueryResultsToJsonLines to a file.
Status WriteQueryResults(const std::string& path, const Evaluation& evaluation);

}  // namespace iolite::eval
