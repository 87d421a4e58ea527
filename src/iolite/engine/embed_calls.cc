#include "iolite/engine/local_engine.h"
#include "iolite/pipelines/embed.h"
#include "iolite/pipelines/import.h"

namespace iolite::engine {
namespace {

EmbedResult ToPublic(const pipelines::EmbedSummary& summary) {
  return {.job_id = summary.job_id,
          .table = summary.table,
          .rows = summary.rows,
          .embedded = summary.embedded,
          .unchanged = summary.unchanged,
          .hidden = summary.hidden,
          .failed = summary.failed,
          .seconds = summary.seconds,
          .seconds_outside_model = summary.seconds_outside_model,
          .tokens = summary.tokens};
}

ProgressFunction Report(const CallOptions& call, std::string_view phase) {
  if (!call.progress) return nullptr;
  return [report = call.progress, phase](const Progress& at) {
    report(phase, at.rows_done, at.rows_total);
  };
}

}  // namespace

pipelines::PipelineOptions LocalEngine::MakePipelineOptions() {
  return {.catalog = catalog_.get(),
          .results = results_.get(),
          .database = database_.get(),
          .models = models_.get(),
          .executor = executor_.get(),
          .budget = budget_.get(),
          .store = store_.get(),
          .window_row_count = settings_.embed.window_row_count,
          .part_row_count = settings_.embed.part_row_count};
}

Result<EmbedResult> LocalEngine::Embed(const EmbedOptions& options, const CallOptions& call) {
  IOLITE_RETURN_IF_ERROR(RequireWritable("embed"));
  // Reads a changed source anew before the job looks at its columns.
  if (catalog_->GetSource(options.source).ok()) {
    IOLITE_RETURN_IF_ERROR(FreshSource(options.source).status());
  }
  pipelines::EmbedRequest request{.source = options.source,
                                  .model = options.model,
                                  .columns = options.columns,
                                  .key = options.key,
                                  .precision = options.precision};
  if (request.precision.empty()) request.precision = settings_.models.precision;
  IOLITE_ASSIGN_OR_RETURN(auto summary, pipelines::Embed(MakeContext(call), MakePipelineOptions(),
                                                         request, Report(call, "embed")));
  return ToPublic(summary);
}

Result<EmbedResult> LocalEngine::Import(const ImportOptions& options, const CallOptions& call) {
  IOLITE_RETURN_IF_ERROR(RequireWritable("import vectors"));
  pipelines::ImportRequest request{.source = options.source,
                                   .vectors_path = options.vectors_path,
                                   .key = options.key,
                                   .column = options.column,
                                   .metric = options.metric,
                                   .model = options.model};
  IOLITE_ASSIGN_OR_RETURN(auto summary, pipelines::Import(MakeContext(call), MakePipelineOptions(),
                                                          request, Report(call, "import")));
  return ToPublic(summary);
}

}  // namespace iolite::engine
