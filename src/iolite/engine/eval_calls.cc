#include <algorithm>
#include <map>
#include <set>

#include "iolite/engine/eval_runs.h"
#include "iolite/engine/local_engine.h"
#include "iolite/eval/comparison.h"
#include "iolite/eval/evaluation.h"
#include "iolite/eval/qrels_file.h"
#include "iolite/search/search.h"

namespace iolite::engine {
namespace {

/// What a search warned of, and the table that answered.
struct Answered {
  std::string table;
  std::set<std::string> warnings;
};

eval::RetrieveFunction FromTable(search::Searcher& searcher, const SearchOptions& options,
                                 Answered& answered) {
  return [&searcher, &options, &answered](const RequestContext& context,
                                          std::span<const eval::EvalQuery> queries,
                                          size_t k) -> Result<std::vector<eval::Answer>> {
    search::SearchRequest request = options;
    request.fetch_rows = false;
    request.k = static_cast<int64_t>(k);
    std::vector<search::Query> texts;
    for (const auto& query : queries) texts.push_back({.text = query.text});
    IOLITE_ASSIGN_OR_RETURN(auto responses, searcher.SearchBatch(context, request, texts, 0));
    std::vector<eval::Answer> answers;
    for (auto& response : responses) {
      answered.table = response.table;
      answered.warnings.insert(response.warnings.begin(), response.warnings.end());
      eval::Answer& answer = answers.emplace_back();
      for (auto& hit : response.hits) answer.push_back({std::move(hit.id), hit.score});
    }
    return answers;
  };
}

Status CheckConfigurations(const EvalOptions& options) {
  if (options.configurations.empty()) {
    return InvalidArgument("Nothing to measure: name a source, a result table or a run");
  }
  std::set<std::string> names;
  for (const auto& configuration : options.configurations) {
    if (configuration.search.source.empty() == configuration.run.empty()) {
      return InvalidArgument("A configuration is either a source or a run: give one of them");
    }
    const std::string name = NameOf(configuration);
    if (!names.insert(name).second) {
      return InvalidArgument(
          "Two configurations are called {:?}: give each a name of its own (name=…)", name);
    }
    if (configuration.run.empty() && options.queries_path.empty()) {
      return InvalidArgument("{:?} is to be searched, which takes queries: give their file", name);
    }
  }
  return Status::Ok();
}

Result<std::vector<eval::EvalQuery>> QueriesFor(const EvalOptions& options,
                                                const eval::Qrels& qrels) {
  if (options.queries_path.empty()) return eval::QueriesOf(qrels);
  return eval::ReadQueries(options.queries_path);
}

/// Queries that a run answers and nobody asks.
EvalStrangers UnknownQueries(const eval::Run& run, const std::vector<eval::EvalQuery>& queries) {
  std::set<std::string_view> known;
  for (const auto& query : queries) known.insert(query.id);
  EvalStrangers unknown;
  for (const auto& [id, documents] : run) {
    if (!known.contains(id)) eval::AddStranger(id, unknown);
  }
  return unknown;
}

/// A run that holds fewer documents than were asked for is measured short.
void WarnOfShortAnswers(const eval::Run& run, int64_t k, EvalRun& measured) {
  size_t longest = 0;
  for (const auto& [id, documents] : run) longest = std::max(longest, documents.size());
  if (static_cast<int64_t>(longest) >= k) return;
  measured.warnings.push_back(
      fmt::format("{} holds at most {} documents a query, fewer than k = {}: figures past {} "
                  "cannot find more",
                  measured.target, longest, k, longest));
}

std::set<std::string, std::less<>> JudgedDocuments(const eval::JudgedQueries& judged) {
  std::set<std::string, std::less<>> documents;
  for (const auto* judgements : judged.judgements) {
    for (const auto& [id, grade] : *judgements) documents.insert(id);
  }
  return documents;
}

}  // namespace

std::string NameOf(const EvalConfiguration& configuration) {
  if (!configuration.name.empty()) return configuration.name;
  return configuration.run.empty() ? configuration.search.source : configuration.run;
}

/// One call of Evaluate(): what its configurations share.
class LocalEngine::Evaluator {
 public:
  Evaluator(LocalEngine& engine, const EvalOptions& options, const CallOptions& call)
      : engine_(engine), options_(options), call_(call), context_(engine.MakeContext(call)) {}

  Result<EvalResult> Run() {
    const int64_t start_ns = context_.clock->monotonic_ns();
    IOLITE_RETURN_IF_ERROR(CheckConfigurations(options_));
    IOLITE_RETURN_IF_ERROR(eval::CheckCutoffs(options_.cutoffs));
    IOLITE_RETURN_IF_ERROR(ReadFiles());
    EvalResult result{.metrics = eval::MetricNames(options_.cutoffs),
                      .query_count = static_cast<int64_t>(judged_.queries.size()),
                      .irrelevant_count = judged_.irrelevant_count,
                      .unjudged_queries = judged_.unjudged_queries,
                      .unknown_queries = judged_.unknown_queries};
    for (const auto& configuration : options_.configurations) {
      IOLITE_ASSIGN_OR_RETURN(auto run, MeasureOne(configuration));
      result.runs.push_back(std::move(run));
    }
    IOLITE_ASSIGN_OR_RETURN(result.differences,
                            eval::Compare(context_, result.metrics, result.runs,
                                          {.confidence = options_.confidence,
                                           .resample_count = options_.resample_count,
                                           .seed = options_.seed}));
    if (options_.keep) KeepAll(result);
    result.seconds = Seconds(start_ns);
    return result;
  }

 private:
  double Seconds(int64_t start_ns) const {
    return static_cast<double>(context_.clock->monotonic_ns() - start_ns) * 1e-9;
  }

  Status ReadFiles() {
    IOLITE_ASSIGN_OR_RETURN(qrels_, eval::ReadQrels(options_.qrels_path));
    IOLITE_ASSIGN_OR_RETURN(queries_, QueriesFor(options_, qrels_));
    IOLITE_ASSIGN_OR_RETURN(judged_, eval::KeepJudged(queries_, qrels_, options_.cohort_column));
    return Status::Ok();
  }

  eval::MeasureOptions MakeMeasureOptions() const {
    eval::MeasureOptions measure{.cutoffs = options_.cutoffs};
    if (call_.progress) {
      measure.progress = [this](const Progress& at) {
        call_.progress("eval", at.rows_done, at.rows_total);
      };
    }
    return measure;
  }

  Result<EvalRun> MeasureOne(const EvalConfiguration& configuration) {
    const int64_t start_ns = context_.clock->monotonic_ns();
    auto run = configuration.run.empty() ? MeasureTable(configuration.search)
                                         : MeasureRun(configuration.run);
    if (!run.ok() && options_.configurations.size() > 1) {
      return run.status().WithContext(NameOf(configuration));
    }
    if (run.ok()) {
      run->name = NameOf(configuration);
      run->seconds = Seconds(start_ns);
    }
    return run;
  }

  Result<EvalRun> MeasureTable(const SearchOptions& search) {
    Answered answered;
    IOLITE_ASSIGN_OR_RETURN(auto run,
                            eval::Measure(context_, judged_, MakeMeasureOptions(),
                                          FromTable(*engine_.searcher_, search, answered)));
    run.target = answered.table;
    run.warnings.assign(answered.warnings.begin(), answered.warnings.end());
    auto known = unknown_by_table_.find(run.target);
    if (known == unknown_by_table_.end()) {
      IOLITE_ASSIGN_OR_RETURN(auto unknown,
                              engine_.UnknownRows(context_, run.target, JudgedDocuments(judged_)));
      known = unknown_by_table_.emplace(run.target, std::move(unknown)).first;
    }
    run.unknown_documents = known->second;
    return run;
  }

  Result<EvalRun> MeasureRun(const std::string& name) {
    IOLITE_ASSIGN_OR_RETURN(const eval::Run documents, engine_.LoadRun(name));
    IOLITE_ASSIGN_OR_RETURN(
        auto run, eval::Measure(context_, judged_, MakeMeasureOptions(), eval::FromRun(documents)));
    run.target = name;
    run.unknown_queries = UnknownQueries(documents, queries_);
    WarnOfShortAnswers(documents, *std::ranges::max_element(options_.cutoffs), run);
    return run;
  }

  /// A measurement that cannot be kept is a measurement all the same.
  void KeepAll(EvalResult& result) {
    for (size_t i = 0; i < result.runs.size(); ++i) {
      EvalRun& run = result.runs[i];
      auto id = engine_.KeepRun(MakeEntry(options_, options_.configurations[i], result, run),
                                MakeAnswers(run));
      if (id.ok()) {
        run.id = *id;
      } else {
        run.warnings.push_back("The run was not kept: " + id.status().message());
      }
    }
  }

  LocalEngine& engine_;
  const EvalOptions& options_;
  const CallOptions& call_;
  const RequestContext context_;
  eval::Qrels qrels_;
  std::vector<eval::EvalQuery> queries_;
  eval::JudgedQueries judged_;
  std::map<std::string, EvalStrangers> unknown_by_table_;
};

Result<EvalResult> LocalEngine::Evaluate(const EvalOptions& options, const CallOptions& call) {
  return Evaluator(*this, options, call).Run();
}

}  // namespace iolite::engine
