#include "iolite/engine/eval_runs.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <filesystem>

#include "iolite/base/hash.h"
#include "iolite/base/random.h"
#include "iolite/engine/local_engine.h"
#include "iolite/eval/evaluation.h"
#include "iolite/eval/run_record.h"
#include "iolite/storage/local_store.h"

namespace iolite::engine {
namespace {

std::string AnswersPath(std::string_view id) { return fmt::format("runs/{}.jsonl", id); }

/// Where a run's inputs lie, whatever the working directory is later.
std::string AbsolutePath(const std::string& path) {
  return path.empty() ? path : std::filesystem::absolute(path).lexically_normal().string();
}

EvalRunInfo ToPublic(const catalog::EvalRunEntry& entry) {
  EvalRunInfo info{.id = entry.id,
                   .name = entry.name,
                   .task = entry.task,
                   .target = entry.target,
                   .options_json = entry.options_json,
                   .queries_path = entry.queries_path,
                   .judgements = entry.judgements,
                   .query_count = entry.query_count,
                   .created_us = entry.created_us};
  info.figures = eval::ParseFigures(entry.figures_json).value_or({});
  return info;
}

Status RemoveFrom(catalog::Catalog& catalog, storage::ObjectStore& store, std::string_view id) {
  IOLITE_RETURN_IF_ERROR(catalog.RemoveEvalRun(id));
  return store.Delete(AnswersPath(id));
}

Status ForgetOldest(catalog::Catalog& catalog, storage::ObjectStore& store, int64_t count_max) {
  if (count_max == 0) return Status::Ok();
  IOLITE_ASSIGN_OR_RETURN(const auto runs, catalog.ListEvalRuns());
  for (size_t i = static_cast<size_t>(count_max); i < runs.size(); ++i) {
    const Status removed = RemoveFrom(catalog, store, runs[i].id);
    if (!removed.ok() && removed.code() != StatusCode::kNotFound) return removed;
  }
  return Status::Ok();
}

/// The file first: a crash after it leaves a file that nobody names, not an entry without answers.
Status Put(catalog::Catalog& catalog, storage::ObjectStore& store,
           const catalog::EvalRunEntry& entry, const std::string& answers) {
  if (!answers.empty()) {
    IOLITE_RETURN_IF_ERROR(store.PutIfAbsent(AnswersPath(entry.id), answers).status());
  }
  return catalog.AddEvalRun(entry);
}

}  // namespace

catalog::EvalRunEntry MakeEntry(const EvalOptions& options, const EvalConfiguration& configuration,
                                const EvalResult& result, const EvalRun& run) {
  eval::NamedFigures figures;
  for (size_t i = 0; i < result.metrics.size(); ++i) {
    figures.emplace_back(result.metrics[i], run.values[i]);
  }
  return {.name = run.name,
          .task = "retrieval",
          .target = run.target,
          .options_json = eval::ConfigurationToJson(configuration, options.cutoffs),
          .queries_path = AbsolutePath(options.queries_path),
          .judgements = AbsolutePath(options.qrels_path),
          .query_count = result.query_count,
          .figures_json = eval::FiguresToJson(figures)};
}

std::string MakeAnswers(const EvalRun& run) { return eval::AnswersToJsonLines(run.per_query); }

Result<std::string> LocalEngine::KeepRun(catalog::EvalRunEntry entry, const std::string& answers) {
  entry.id = "eval-" + Random::System().NextHex(8);
  if (!answers.empty()) entry.answers_sha256 = Sha256Hex(answers);
  IOLITE_RETURN_IF_ERROR(ChangeRuns([&](catalog::Catalog& catalog, storage::ObjectStore& store) {
    IOLITE_RETURN_IF_ERROR(Put(catalog, store, entry, answers));
    return ForgetOldest(catalog, store, settings_.eval.kept_run_count_max);
  }));
  return entry.id;
}

Status LocalEngine::ChangeRuns(
    const std::function<Status(catalog::Catalog&, storage::ObjectStore&)>& change) {
  if (!read_only_) return change(*catalog_, *store_);
  // Measuring takes no lock of the database, so that it can run beside a writer. Names of runs are
  // their own, SQLite orders the two writers, and files of runs are written once.
  IOLITE_ASSIGN_OR_RETURN(auto store, storage::OpenLocalStore({.root = path_}));
  IOLITE_ASSIGN_OR_RETURN(auto writable,
                          catalog::Catalog::Open({.path = path_ + "/catalog.sqlite"}));
  return change(*writable, *store);
}

Result<eval::Run> LocalEngine::LoadKeptRun(const catalog::EvalRunEntry& entry) const {
  if (entry.answers_sha256.empty()) {
    return InvalidArgument("The run {} is of the task {}: it has no documents", entry.id,
                           entry.task);
  }
  IOLITE_ASSIGN_OR_RETURN(const auto object, store_->Get(AnswersPath(entry.id)));
  if (Sha256Hex(object.bytes) != entry.answers_sha256) {
    return DataLoss("{}/{} is damaged: its checksum differs from the catalog's. Measure again",
                    path_, AnswersPath(entry.id));
  }
  auto run = eval::ParseAnswers(object.bytes);
  return run.ok() ? std::move(run)
                  : Result<eval::Run>(run.status().WithContext(AnswersPath(entry.id)));
}

Result<eval::Run> LocalEngine::LoadRun(const std::string& name) const {
  const auto entry = catalog_->GetEvalRun(name);
  if (entry.ok()) return LoadKeptRun(*entry);
  auto run = eval::ReadRun(name);
  if (run.status().code() == StatusCode::kNotFound) {
    return NotFound(
        "There is neither a kept run nor a run file {:?}: `iolite eval list` names the "
        "kept ones",
        name);
  }
  IOLITE_RETURN_IF_ERROR(run.status());
  for (auto& [query, documents] : *run) {
    std::map<std::string, double> scores;
    for (const auto& document : documents) scores[document.id] = document.score;
    std::vector<eval::ScoredDocument> ranked;
    for (auto& id : eval::Rank(std::move(documents))) ranked.push_back({id, scores.at(id)});
    documents = std::move(ranked);
  }
  return run;
}

Result<EvalStrangers> LocalEngine::UnknownRows(const RequestContext& context,
                                               const std::string& table,
                                               std::set<std::string, std::less<>> ids) {
  IOLITE_ASSIGN_OR_RETURN(auto session, database_->Connect());
  IOLITE_ASSIGN_OR_RETURN(
      auto rows, session->Query(context, fmt::format("SELECT CAST(_row_id AS VARCHAR) FROM {}",
                                                     sql::QuoteIdentifier(table))));
  while (!ids.empty()) {
    IOLITE_ASSIGN_OR_RETURN(const auto batch, rows->Next());
    if (batch == nullptr) break;
    const auto& column = static_cast<const arrow::StringArray&>(*batch->column(0));
    for (int64_t row = 0; row < column.length(); ++row) {
      const auto found = ids.find(column.GetView(row));
      if (found != ids.end()) ids.erase(found);
    }
  }
  EvalStrangers unknown;
  for (const auto& id : ids) eval::AddStranger(id, unknown);
  return unknown;
}

Result<std::vector<EvalRunInfo>> LocalEngine::ListEvalRuns() {
  IOLITE_ASSIGN_OR_RETURN(const auto entries, catalog_->ListEvalRuns());
  std::vector<EvalRunInfo> runs;
  for (const auto& entry : entries) runs.push_back(ToPublic(entry));
  return runs;
}

Result<EvalRunInfo> LocalEngine::ShowEvalRun(std::string_view id) {
  IOLITE_ASSIGN_OR_RETURN(const auto entry, catalog_->GetEvalRun(id));
  return ToPublic(entry);
}

Status LocalEngine::RemoveEvalRun(std::string_view id) {
  return ChangeRuns([&](catalog::Catalog& catalog, storage::ObjectStore& store) {
    return RemoveFrom(catalog, store, id);
  });
}

Status LocalEngine::ExportEvalRun(std::string_view id, const std::string& path) {
  IOLITE_ASSIGN_OR_RETURN(const auto entry, catalog_->GetEvalRun(id));
  IOLITE_ASSIGN_OR_RETURN(eval::Run run, LoadKeptRun(entry));
  for (auto& [query, documents] : run) {
    documents = eval::WithFallingScores(std::move(documents));
  }
  return eval::WriteRun(path, run, entry.name);
}

}  // namespace iolite::engine
