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
#include "iolite/eval/run_file.h"
#include "iolite/evaluation.h"

namespace iolite::eval {

/// What one query was answered, best first.
using Answer = std::vector<ScoredDocument>;

/// What is measured: answers some queries with at most `k` documents each, in the order of the
/// queries. Anything that can be called: a search, a server, a run file.
using RetrieveFunction = std::function<Result<std::vector<Answer>>(
    const RequestContext& context, std::span<const EvalQuery> queries, size_t k)>;

/// A RetrieveFunction from one that answers a single query.
RetrieveFunction OneByOne(
    std::function<Result<Answer>(const RequestContext&, const EvalQuery&, size_t k)> retrieve);
/// Looks queries up in a run, whose documents are in the order that counts; it must outlive this.
RetrieveFunction FromRun(const Run& run);

/// The queries that count: those with judgements, in the order of the file.
struct JudgedQueries {
  std::vector<EvalQuery> queries;
  std::vector<const Judgements*> judgements;
  std::vector<std::string> cohorts;  ///< of each query; empty without a cohort column
  /// Positions by id. Sums run in this order, so that the order of the file plays no part.
  std::vector<size_t> by_id;
  int64_t irrelevant_count = 0;    ///< without a relevant document
  EvalStrangers unjudged_queries;  ///< in the file, without judgements
  EvalStrangers unknown_queries;   ///< judged, and not in the file
};

/// Keeps the queries that have judgements; `qrels` must outlive the answer. `cohort_column` may be
/// empty.
///
/// kInvalidArgument when no query has judgements, with an id of each side, or when no query has the
/// column, with those there are.
Result<JudgedQueries> KeepJudged(const std::vector<EvalQuery>& queries, const Qrels& qrels,
                                 std::string_view cohort_column);
/// Queries without text from judgements alone: enough to measure runs.
std::vector<EvalQuery> QueriesOf(const Qrels& qrels);

/// kInvalidArgument for no cut-off, and for one below 1.
Status CheckCutoffs(std::span<const int64_t> cutoffs);

struct MeasureOptions {
  std::vector<int64_t> cutoffs = {10};
  size_t batch_query_count = 256;  ///< queries given to one call
  ProgressFunction progress;       ///< counts queries
};

/// Asks every query, with the greatest cut-off as k, and compares. A query that gets no answer
/// counts as 0. Fills values, cohorts, per_query, precision_at_recall and unanswered_count.
///
/// Errors of CheckCutoffs() and of `retrieve` as they are.
Result<EvalRun> Measure(const RequestContext& context, const JudgedQueries& judged,
                        const MeasureOptions& options, const RetrieveFunction& retrieve);

/// Ids counted, and the first few kept.
void AddStranger(std::string_view id, EvalStrangers& strangers);

}  // namespace iolite::eval
