#include "iolite/eval/evaluation.h"

#include <algorithm>
#include <cerrno>
#include <fstream>

#include <nlohmann/json.hpp>

namespace iolite::eval {
namespace {

using OrderedJson = nlohmann::ordered_json;

struct JudgedQueries {
  std::vector<EvalQuery> queries;
  std::vector<const Judgements*> judgements;
};

Result<JudgedQueries> KeepJudged(const std::vector<EvalQuery>& queries, const Qrels& qrels) {
  JudgedQueries judged;
  for (const EvalQuery& query : queries) {
    const auto found = qrels.find(query.id);
    if (found == qrels.end()) continue;
    judged.queries.push_back(query);
    judged.judgements.push_back(&found->second);
  }
  if (judged.queries.empty()) {
    return InvalidArgument(
        "None of the {} queries has judgements: the queries' ids look like \"{}\", those of the "
        "judgements "
        "like \"{}\". Give the judgements that belong to these queries.",
        queries.size(), queries.empty() ? "" : queries.front().id,
        qrels.empty() ? "" : qrels.begin()->first);
  }
  return judged;
}

QueryResult Measure(const EvalQuery& query, const Judgements& judgements, const Ranking& ranking,
                    const std::vector<size_t>& cutoffs) {
  QueryResult result{query.id, {}};
  for (const size_t cutoff : cutoffs)
    result.metrics.push_back(Evaluate(ranking, judgements, cutoff));
  return result;
}

std::vector<QueryMetrics> Means(const std::vector<QueryResult>& results, size_t cutoff_count) {
  std::vector<QueryMetrics> means;
  for (size_t i = 0; i < cutoff_count; ++i) {
    std::vector<QueryMetrics> column;
    for (const QueryResult& result : results) column.push_back(result.metrics[i]);
    means.push_back(Mean(column));
  }
  return means;
}

void AddMetrics(const std::vector<size_t>& cutoffs, const std::vector<QueryMetrics>& metrics,
                OrderedJson& object) {
  for (size_t i = 0; i < cutoffs.size(); ++i) {
    object[fmt::format("ndcg@{}", cutoffs[i])] = metrics[i].ndcg;
    object[fmt::format("recall@{}", cutoffs[i])] = metrics[i].recall;
    object[fmt::format("map@{}", cutoffs[i])] = metrics[i].average_precision;
    object[fmt::format("mrr@{}", cutoffs[i])] = metrics[i].reciprocal_rank;
  }
}

std::string Dump(const OrderedJson& object) {
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

RetrieveFunction OneByOne(
    std::function<Result<Ranking>(const RequestContext&, const EvalQuery&, size_t k)> retrieve) {
  return [retrieve = std::move(retrieve)](const RequestContext& context,
                                          std::span<const EvalQuery> queries,
                                          size_t k) -> Result<std::vector<Ranking>> {
    std::vector<Ranking> rankings;
    rankings.reserve(queries.size());
    for (const EvalQuery& query : queries) {
      IOLITE_RETURN_IF_ERROR(context.Check());
      IOLITE_ASSIGN_OR_RETURN(Ranking ranking, retrieve(context, query, k));
      rankings.push_back(std::move(ranking));
    }
    return rankings;
  };
}

Result<Evaluation> Evaluate(const RequestContext& context, const std::vector<EvalQuery>& queries,
                            const Qrels& qrels, const EvaluateOptions& options,
                            const RetrieveFunction& retrieve) {
  if (options.cutoffs.empty() || std::ranges::find(options.cutoffs, 0u) != options.cutoffs.end()) {
    return InvalidArgument("Metrics need a cut-off of at least 1.");
  }
  const size_t k = *std::ranges::max_element(options.cutoffs);
  IOLITE_ASSIGN_OR_RETURN(const JudgedQueries judged, KeepJudged(queries, qrels));
  const size_t count = judged.queries.size();

  Evaluation evaluation;
  evaluation.cutoffs = options.cutoffs;
  evaluation.left_out = static_cast<int64_t>(queries.size() - count);
  evaluation.unasked = static_cast<int64_t>(qrels.size() - count);
  const size_t batch_max = std::max<size_t>(1, options.batch_query_count);
  for (size_t begin = 0; begin < count; begin += batch_max) {
    IOLITE_RETURN_IF_ERROR(context.Check());
    const auto batch = std::span(judged.queries).subspan(begin, std::min(batch_max, count - begin));
    IOLITE_ASSIGN_OR_RETURN(const std::vector<Ranking> rankings, retrieve(context, batch, k));
    if (rankings.size() != batch.size()) {
      return Internal("What is measured answered {} of {} queries.", rankings.size(), batch.size());
    }
    for (size_t i = 0; i < batch.size(); ++i) {
      evaluation.queries.push_back(
          Measure(batch[i], *judged.judgements[begin + i], rankings[i], options.cutoffs));
    }
    if (options.progress) {
      options.progress({static_cast<int64_t>(begin + batch.size()), static_cast<int64_t>(count)});
    }
  }
  evaluation.means = Means(evaluation.queries, options.cutoffs.size());
  return evaluation;
}

std::string EvaluationToJson(const Evaluation& evaluation) {
  OrderedJson object;
  object["queries"] = evaluation.queries.size();
  AddMetrics(evaluation.cutoffs, evaluation.means, object);
  object["left_out"] = evaluation.left_out;
  object["unasked"] = evaluation.unasked;
  return Dump(object);
}

std::string QueryResultsToJsonLines(const Evaluation& evaluation) {
  std::string lines;
  for (const QueryResult& result : evaluation.queries) {
    OrderedJson object;
    object["id"] = result.id;
    AddMetrics(evaluation.cutoffs, result.metrics, object);
    lines += Dump(object);
    lines += '\n';
  }
  return lines;
}

Status WriteQueryResults(const std::string& path, const Evaluation& evaluation) {
  errno = 0;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  if (file) file << QueryResultsToJsonLines(evaluation);
  file.close();
  if (!file) return ErrnoStatus(errno ? errno : EIO, path);
  return Status::Ok();
}

}  // namespace iolite::eval
