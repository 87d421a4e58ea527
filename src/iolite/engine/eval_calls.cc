#include "iolite/engine/local_engine.h"
#include "iolite/eval/evaluation.h"
#include "iolite/eval/qrels_file.h"
#include "iolite/search/search.h"

namespace iolite::engine {
namespace {

search::SearchRequest MakeRequest(const EvalOptions& options) {
  return {.source = options.source,
          .fetch_rows = false,
          .exact = options.exact,
          .ef = options.ef,
          .target_recall = options.target_recall};
}

// Asks the searcher, and keeps what it answered for the person who wants to look at single queries.
eval::RetrieveFunction Retrieve(search::Searcher& searcher, const EvalOptions& options,
                                std::vector<eval::Ranking>& rankings) {
  return [&searcher, &options, &rankings](const RequestContext& context,
                                          std::span<const eval::EvalQuery> queries,
                                          size_t k) -> Result<std::vector<eval::Ranking>> {
    auto request = MakeRequest(options);
    request.k = static_cast<int64_t>(k);
    std::vector<search::Query> texts;
    for (const auto& query : queries) texts.push_back({.text = query.text});
    IOLITE_ASSIGN_OR_RETURN(auto responses, searcher.SearchBatch(context, request, texts, 0));
    std::vector<eval::Ranking> batch;
    for (auto& response : responses) {
      eval::Ranking ranking;
      for (auto& hit : response.hits) ranking.push_back(std::move(hit.id));
      rankings.push_back(ranking);
      batch.push_back(std::move(ranking));
    }
    return batch;
  };
}

EvalResult ToPublic(const eval::Evaluation& evaluation, std::vector<eval::Ranking> rankings) {
  EvalResult result{.queries = static_cast<int64_t>(evaluation.queries.size()),
                    .queries_unjudged = evaluation.left_out};
  const auto& mean = evaluation.means.front();
  result.ndcg = mean.ndcg;
  result.recall = mean.recall;
  result.map = mean.average_precision;
  result.mrr = mean.reciprocal_rank;
  for (size_t i = 0; i < evaluation.queries.size(); ++i) {
    const auto& metrics = evaluation.queries[i].metrics.front();
    EvalQueryResult query{.query_id = evaluation.queries[i].id,
                          .ndcg = metrics.ndcg,
                          .recall = metrics.recall,
                          .average_precision = metrics.average_precision,
                          .reciprocal_rank = metrics.reciprocal_rank};
    if (i < rankings.size()) query.ranking = std::move(rankings[i]);
    result.per_query.push_back(std::move(query));
  }
  return result;
}

}  // namespace

Result<EvalResult> LocalEngine::Evaluate(const EvalOptions& options, const CallOptions& call) {
  if (options.k < 1)
    return InvalidArgument("k is {}: evaluation needs a cut-off of at least 1", options.k);
  IOLITE_ASSIGN_OR_RETURN(auto queries, eval::ReadQueries(options.queries_path));
  IOLITE_ASSIGN_OR_RETURN(auto qrels, eval::ReadQrels(options.qrels_path));
  eval::EvaluateOptions evaluate{.cutoffs = {static_cast<size_t>(options.k)}};
  if (call.progress) {
    evaluate.progress = [&call](const Progress& at) {
      call.progress("eval", at.rows_done, at.rows_total);
    };
  }
  std::vector<eval::Ranking> rankings;
  auto context = MakeContext(call);
  int64_t start_ns = context.clock->monotonic_ns();
  IOLITE_ASSIGN_OR_RETURN(auto evaluation, eval::Evaluate(context, queries, qrels, evaluate,
                                                          Retrieve(*searcher_, options, rankings)));
  auto result = ToPublic(evaluation, std::move(rankings));
  result.k = options.k;
  result.seconds = static_cast<double>(context.clock->monotonic_ns() - start_ns) * 1e-9;
  return result;
}

}  // namespace iolite::engine
