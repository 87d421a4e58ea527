#include "iolite/eval/evaluation.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

namespace iolite::eval {
namespace {

constexpr size_t kExampleCountMax = 5;

bool HasRelevant(const Judgements& judgements) {
  return std::any_of(judgements.begin(), judgements.end(),
                     [](const auto& judged) { return judged.second > 0; });
}

Status NoneJudged(const std::vector<EvalQuery>& queries, const Qrels& qrels) {
  return InvalidArgument(
      "None of the {} queries has judgements: the queries' ids look like \"{}\", those of the "
      "judgements like \"{}\". Give the judgements that belong to these queries.",
      queries.size(), queries.empty() ? "" : queries.front().id,
      qrels.empty() ? "" : qrels.begin()->first);
}

Status AddCohorts(std::string_view column, JudgedQueries& judged) {
  std::set<std::string> columns;
  bool found = false;
  for (const EvalQuery& query : judged.queries) {
    for (const auto& [name, value] : query.columns) columns.insert(name);
    const auto value = query.columns.find(std::string(column));
    found |= value != query.columns.end();
    judged.cohorts.push_back(value == query.columns.end() ? "" : value->second);
  }
  if (found) return Status::Ok();
  return InvalidArgument("No query has a column \"{}\": {}.", column,
                         columns.empty() ? "the file of queries has none beside id and text"
                                         : fmt::format("there are {}", fmt::join(columns, ", ")));
}

Ranking RankingOf(const Answer& answer) {
  Ranking ranking;
  ranking.reserve(answer.size());
  for (const ScoredDocument& document : answer) ranking.push_back(document.id);
  return ranking;
}

std::vector<double> MeansOf(const EvalRun& run, const std::vector<size_t>& order) {
  std::vector<const std::vector<double>*> rows;
  rows.reserve(order.size());
  for (const size_t i : order) rows.push_back(&run.per_query[i].values);
  return ColumnMeans(rows);
}

std::vector<EvalCohort> CohortsOf(const EvalRun& run, const JudgedQueries& judged) {
  std::map<std::string, std::vector<size_t>> members;
  if (judged.cohorts.empty()) return {};
  for (const size_t i : judged.by_id) members[judged.cohorts[i]].push_back(i);
  std::vector<EvalCohort> cohorts;
  for (const auto& [name, order] : members) {
    cohorts.push_back({name, static_cast<int64_t>(order.size()), MeansOf(run, order)});
  }
  return cohorts;
}

/// Adds up what single queries give, in the order of their ids.
class RunSums {
 public:
  RunSums(const JudgedQueries& judged, const MeasureOptions& options)
      : judged_(judged), options_(options), curves_(judged.queries.size()) {}

  void Add(size_t i, Answer answer) {
    const Ranking ranking = RankingOf(answer);
    const Judgements& judgements = *judged_.judgements[i];
    curves_[i] = PrecisionAtRecall(ranking, judgements);
    if (answer.empty()) ++run_.unanswered_count;
    run_.per_query.push_back({.query_id = judged_.queries[i].id,
                              .cohort = judged_.cohorts.empty() ? "" : judged_.cohorts[i],
                              .values = Figures(ranking, judgements, options_.cutoffs),
                              .documents = std::move(answer)});
  }

  EvalRun Finish() {
    run_.values = MeansOf(run_, judged_.by_id);
    run_.cohorts = CohortsOf(run_, judged_);
    std::vector<const std::vector<double>*> rows;
    for (const size_t i : judged_.by_id) rows.push_back(&curves_[i]);
    run_.precision_at_recall = ColumnMeans(rows);
    return std::move(run_);
  }

 private:
  const JudgedQueries& judged_;
  const MeasureOptions& options_;
  std::vector<std::vector<double>> curves_;
  EvalRun run_;
};

}  // namespace

void AddStranger(std::string_view id, EvalStrangers& strangers) {
  if (++strangers.count <= static_cast<int64_t>(kExampleCountMax)) {
    strangers.examples.emplace_back(id);
  }
}

RetrieveFunction OneByOne(
    std::function<Result<Answer>(const RequestContext&, const EvalQuery&, size_t k)> retrieve) {
  return [retrieve = std::move(retrieve)](const RequestContext& context,
                                          std::span<const EvalQuery> queries,
                                          size_t k) -> Result<std::vector<Answer>> {
    std::vector<Answer> answers;
    answers.reserve(queries.size());
    for (const EvalQuery& query : queries) {
      IOLITE_RETURN_IF_ERROR(context.Check());
      IOLITE_ASSIGN_OR_RETURN(Answer answer, retrieve(context, query, k));
      answers.push_back(std::move(answer));
    }
    return answers;
  };
}

RetrieveFunction FromRun(const Run& run) {
  return OneByOne([&run](const RequestContext&, const EvalQuery& query, size_t k) {
    const auto found = run.find(query.id);
    if (found == run.end()) return Result<Answer>(Answer{});
    const Answer& all = found->second;
    return Result<Answer>(
        Answer(all.begin(), all.begin() + static_cast<ptrdiff_t>(std::min(k, all.size()))));
  });
}

Result<JudgedQueries> KeepJudged(const std::vector<EvalQuery>& queries, const Qrels& qrels,
                                 std::string_view cohort_column) {
  JudgedQueries judged;
  std::set<std::string_view> known;
  for (const EvalQuery& query : queries) {
    known.insert(query.id);
    const auto found = qrels.find(query.id);
    if (found == qrels.end()) {
      AddStranger(query.id, judged.unjudged_queries);
      continue;
    }
    if (!HasRelevant(found->second)) ++judged.irrelevant_count;
    judged.queries.push_back(query);
    judged.judgements.push_back(&found->second);
  }
  if (judged.queries.empty()) return NoneJudged(queries, qrels);
  for (const auto& [id, judgements] : qrels) {
    if (!known.contains(id)) AddStranger(id, judged.unknown_queries);
  }
  judged.by_id.resize(judged.queries.size());
  std::iota(judged.by_id.begin(), judged.by_id.end(), size_t{0});
  std::sort(judged.by_id.begin(), judged.by_id.end(), [&](size_t left, size_t right) {
    return judged.queries[left].id < judged.queries[right].id;
  });
  if (!cohort_column.empty()) IOLITE_RETURN_IF_ERROR(AddCohorts(cohort_column, judged));
  return judged;
}

std::vector<EvalQuery> QueriesOf(const Qrels& qrels) {
  std::vector<EvalQuery> queries;
  queries.reserve(qrels.size());
  for (const auto& [id, judgements] : qrels) queries.push_back({id, ""});
  return queries;
}

Status CheckCutoffs(std::span<const int64_t> cutoffs) {
  if (cutoffs.empty()) return InvalidArgument("Metrics need a cut-off k, such as 10.");
  std::set<int64_t> seen;
  for (const int64_t k : cutoffs) {
    if (k < 1) return InvalidArgument("k is {}: metrics need a cut-off of at least 1.", k);
    if (!seen.insert(k).second) return InvalidArgument("The cut-off {} is given twice.", k);
  }
  return Status::Ok();
}

Result<EvalRun> Measure(const RequestContext& context, const JudgedQueries& judged,
                        const MeasureOptions& options, const RetrieveFunction& retrieve) {
  IOLITE_RETURN_IF_ERROR(CheckCutoffs(options.cutoffs));
  const auto k = static_cast<size_t>(*std::ranges::max_element(options.cutoffs));
  const size_t count = judged.queries.size();
  const size_t batch_max = std::max<size_t>(1, options.batch_query_count);
  RunSums sums(judged, options);
  for (size_t begin = 0; begin < count; begin += batch_max) {
    IOLITE_RETURN_IF_ERROR(context.Check());
    const auto batch = std::span(judged.queries).subspan(begin, std::min(batch_max, count - begin));
    IOLITE_ASSIGN_OR_RETURN(std::vector<Answer> answers, retrieve(context, batch, k));
    if (answers.size() != batch.size()) {
      return Internal("What is measured answered {} of {} queries.", answers.size(), batch.size());
    }
    for (size_t i = 0; i < batch.size(); ++i) sums.Add(begin + i, std::move(answers[i]));
    if (options.progress) {
      options.progress({static_cast<int64_t>(begin + batch.size()), static_cast<int64_t>(count)});
    }
  }
  return sums.Finish();
}

}  // namespace iolite::eval
