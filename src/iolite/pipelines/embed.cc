#include "iolite/pipelines/embed.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "iolite/pipelines/internal/embed_stages.h"
#include "iolite/pipelines/internal/source_table.h"
#include "iolite/pipelines/internal/summary.h"
#include "iolite/program/runtime.h"

namespace iolite::pipelines {
namespace {

/// An embedding run, checked as far as that needs no scan.
struct EmbedPlan {
  SourceTable source;
  models::EmbedderInfo model;
  program::Precision precision = program::Precision::kF32;
  Definition definition;
};

Result<EmbedPlan> MakePlan(const RequestContext& context, const PipelineOptions& options,
                           const EmbedRequest& request) {
  if (request.columns.empty()) return InvalidArgument("Name at least one column to embed");
  if (request.key.empty()) return InvalidArgument("Name the key: a column that tells rows apart");
  EmbedPlan plan;
  IOLITE_ASSIGN_OR_RETURN(auto precision, program::ParsePrecision(request.precision));
  plan.precision = program::ResolvePrecision(precision);
  IOLITE_ASSIGN_OR_RETURN(plan.source, FindSourceTable(context, options, request.source));
  results::Materialization made{.source = plan.source.name,
                                .task = "embedding",
                                .precision = std::string(program::PrecisionName(plan.precision)),
                                .inputs = plan.source.inputs,
                                .engine_version = IOLITE_VERSION};
  IOLITE_ASSIGN_OR_RETURN(made.key_column, FindColumn(plan.source, request.key));
  for (const auto& column : request.columns) {
    IOLITE_ASSIGN_OR_RETURN(auto found, FindColumn(plan.source, column));
    made.text_columns.push_back(std::move(found));
  }
  IOLITE_ASSIGN_OR_RETURN(plan.model, InspectModel(options, request.model));
  made.model_id = plan.model.model_id;
  made.model_content_hash = plan.model.content_hash;
  made.dimension = plan.model.dimension;
  made.parameters_json = R"({"separator":" ","role":"document"})";
  std::string metric = plan.model.metric.empty() ? "cosine" : plan.model.metric;
  IOLITE_ASSIGN_OR_RETURN(auto parsed, vector::ParseMetric(metric));
  made.metric = vector::MetricName(parsed);
  plan.definition = Define(std::move(made));
  return plan;
}

// The key and the text of every row. Nulls take no separator.
std::string TextQuery(const EmbedPlan& plan) {
  std::string columns;
  for (const auto& column : plan.definition.made.text_columns) {
    columns += fmt::format(", {}::VARCHAR", sql::QuoteIdentifier(column));
  }
  return fmt::format("SELECT {}::VARCHAR, concat_ws(' '{}) FROM {}",
                     sql::QuoteIdentifier(plan.definition.made.key_column), columns,
                     plan.source.from);
}

// What an interrupted run can hope for.
Status WithAdvice(const Status& status, const PartWriter& parts) {
  if (!parts.has_run() || status.code() == StatusCode::kInvalidArgument) return status;
  return Status(status.code(),
                status.message() +
                    ". What was embedded so far is kept: the same command continues from there");
}

class EmbedRun {
 public:
  EmbedRun(const PipelineOptions& options, const EmbedPlan& plan, RunningJob& job)
      : options_(options), plan_(plan), made_(plan.definition.made), job_(job) {}

  Status Run() {
    IOLITE_ASSIGN_OR_RETURN(auto session, options_.database->Connect());
    // One transaction, so that an SQL table is the same in every scan.
    IOLITE_RETURN_IF_ERROR(
        session->QueryTable(job_.context(), "BEGIN TRANSACTION READ ONLY").status());
    IOLITE_ASSIGN_OR_RETURN(summary_.rows,
                            CheckKeys(job_.context(), *session, plan_.source, made_.key_column));
    job_.set_rows_total(summary_.rows);
    IOLITE_ASSIGN_OR_RETURN(auto table, PlanTable(job_.context(), options_, plan_.definition));
    job_.set_table(table.table);
    summary_.table = table.table;
    PartWriter parts({.results = options_.results,
                      .table = table.table,
                      .definition_hash = plan_.definition.hash,
                      .dimension = made_.dimension,
                      .row_count_max = options_.part_row_count},
                     std::move(table.run));
    Status status = EmbedRows(*session, table, parts);
    return status.ok() ? status : WithAdvice(status, parts);
  }

  EmbedSummary& summary() { return summary_; }

 private:
  Status EmbedRows(sql::Session& session, TablePlan& table, PartWriter& parts) {
    EmbedStages stages(options_,
                       {.session = &session,
                        .query = TextQuery(plan_),
                        .definition_hash = plan_.definition.hash,
                        .dimension = made_.dimension,
                        .load_embedder = [this] { return LoadEmbedder(); }},
                       job_, table, parts);
    IOLITE_RETURN_IF_ERROR(stages.Run());
    const auto& counts = stages.counts();
    summary_.embedded = counts.embedded;
    summary_.unchanged = counts.unchanged;
    summary_.failed = counts.failed;
    summary_.tokens = counts.tokens;
    if (counts.rows != summary_.rows) {
      return Aborted("'{}' changed while it was read: it had {} rows, then {}. Run again",
                     plan_.source.name, summary_.rows, counts.rows);
    }
    if (counts.embedded + counts.unchanged == 0) return NothingToEmbed();
    IOLITE_ASSIGN_OR_RETURN(summary_.hidden,
                            SealTable(job_.context(), options_, plan_.definition, table, parts));
    summary_.seconds = job_.seconds();
    summary_.seconds_outside_model = std::max(0.0, summary_.seconds - counts.model_seconds);
    return Status::Ok();
  }

  Result<std::shared_ptr<const models::Embedder>> LoadEmbedder() {
    return options_.models->LoadEmbedder(job_.context(), made_.model_id, plan_.precision);
  }

  Status NothingToEmbed() const {
    return InvalidArgument("None of the {} rows of '{}' has a text in {}: nothing to embed",
                           summary_.rows, plan_.source.name, fmt::join(made_.text_columns, ", "));
  }

  const PipelineOptions& options_;
  const EmbedPlan& plan_;
  const results::Materialization& made_;
  RunningJob& job_;
  EmbedSummary summary_;
};

std::string DefinitionJson(const EmbedRequest& request) {
  nlohmann::json json{{"source", request.source},
                      {"model", request.model},
                      {"columns", request.columns},
                      {"key", request.key},
                      {"precision", request.precision}};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

Result<EmbedSummary> Embed(const RequestContext& context, const PipelineOptions& options,
                           const EmbedRequest& request, const ProgressFunction& progress) {
  IOLITE_RETURN_IF_ERROR(context.Check());
  IOLITE_ASSIGN_OR_RETURN(auto plan, MakePlan(context, options, request));
  IOLITE_ASSIGN_OR_RETURN(auto job, RunningJob::Start(context, options,
                                                      {.kind = "embed",
                                                       .target = plan.source.name,
                                                       .definition_json = DefinitionJson(request)},
                                                      progress));
  EmbedRun run(options, plan, *job);
  Status status = run.Run();
  run.summary().job_id = job->id();
  IOLITE_RETURN_IF_ERROR(job->Finish(status, status.ok() ? SummaryJson(run.summary()) : ""));
  return run.summary();
}

}  // namespace iolite::pipelines
