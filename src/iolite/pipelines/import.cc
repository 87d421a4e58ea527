#include "iolite/pipelines/import.h"

#include <cmath>
#include <cstring>
#include <utility>

#include <nlohmann/json.hpp>

#include "iolite/base/hash.h"
#include "iolite/pipelines/internal/import_input.h"
#include "iolite/pipelines/internal/running_job.h"
#include "iolite/pipelines/internal/summary.h"
#include "iolite/pipelines/internal/table_plan.h"

namespace iolite::pipelines {
namespace {

// A vector of length 0 has no direction and stays.
void Normalize(std::span<float> vector) {
  double squares = 0;
  for (float value : vector) squares += static_cast<double>(value) * value;
  if (squares == 0) return;
  double scale = 1 / std::sqrt(squares);
  for (float& value : vector) value = static_cast<float>(value * scale);
}

std::string Dump(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string DefinitionJson(const ImportRequest& request) {
  return Dump({{"source", request.source},
               {"vectors", request.vectors_path},
               {"key", request.key},
               {"column", request.column},
               {"metric", request.metric},
               {"model", request.model}});
}

Result<Definition> DefineImport(const PipelineOptions& options, const ImportRequest& request,
                                const ImportInput& input) {
  IOLITE_ASSIGN_OR_RETURN(auto metric, vector::ParseMetric(request.metric));
  results::Materialization made{.source = input.source.name,
                                .task = "import",
                                .key_column = input.key_column,
                                .metric = std::string(vector::MetricName(metric)),
                                .inputs = input.source.inputs,
                                .engine_version = IOLITE_VERSION};
  if (!request.model.empty()) {
    IOLITE_ASSIGN_OR_RETURN(auto model, InspectModel(options, request.model));
    made.model_id = model.model_id;
    made.model_content_hash = model.content_hash;
    made.dimension = model.dimension;
  }
  made.parameters_json = Dump({{"vectors", input.vectors_path}, {"column", input.vector_column}});
  return Define(std::move(made));
}

class ImportRun {
 public:
  ImportRun(const PipelineOptions& options, ImportInput& input, Definition& definition,
            RunningJob& job)
      : options_(options), input_(input), definition_(definition), job_(job) {}

  Status Run() {
    IOLITE_ASSIGN_OR_RETURN(auto session, options_.database->Connect());
    IOLITE_ASSIGN_OR_RETURN(summary_.rows, CheckImportKeys(job_.context(), *session, input_));
    job_.set_rows_total(summary_.rows);
    ImportReader reader(input_, *session);
    VectorRows rows;
    IOLITE_ASSIGN_OR_RETURN(bool more, reader.Next(job_.context(), rows));
    IOLITE_RETURN_IF_ERROR(SetDimension(reader.dimension()));
    IOLITE_ASSIGN_OR_RETURN(auto plan, PlanTable(job_.context(), options_, definition_));
    job_.set_table(plan.table);
    summary_.table = plan.table;
    PartWriter parts({.results = options_.results,
                      .table = plan.table,
                      .definition_hash = definition_.hash,
                      .dimension = reader.dimension(),
                      .row_count_max = options_.part_row_count},
                     std::move(plan.run));
    while (more) {
      IOLITE_RETURN_IF_ERROR(ImportRows(rows, reader.dimension(), plan, parts));
      auto next = reader.Next(job_.context(), rows);
      if (!next.ok()) return DiscardIfWrong(next.status(), parts);
      more = *next;
    }
    return Seal(plan, parts);
  }

  EmbedSummary& summary() { return summary_; }

 private:
  // The model that later queries use must make vectors of the same dimension.
  Status SetDimension(int32_t dimension) {
    int32_t& known = definition_.made.dimension;
    if (known == 0 || known == dimension) {
      known = dimension;
      return Status::Ok();
    }
    return InvalidArgument("{} has vectors of dimension {}, the model '{}' makes {}",
                           input_.vectors_path, dimension, definition_.made.model_id, known);
  }

  Status ImportRows(VectorRows& rows, int32_t dimension, TablePlan& plan, PartWriter& parts) {
    bool normalize = definition_.made.metric == vector::MetricName(vector::Metric::kCosine);
    size_t numbers = static_cast<size_t>(dimension);
    for (size_t row = 0; row < rows.row_ids.size(); ++row) {
      std::span<float> vector(rows.vectors.data() + row * numbers, numbers);
      std::string content_hash = HashOf(vector);
      if (plan.Meet(rows.row_ids[row], content_hash) == KnownRows::Match::kSame) {
        ++summary_.unchanged;
        continue;
      }
      if (normalize) Normalize(vector);
      IOLITE_RETURN_IF_ERROR(parts.Add(rows.row_ids[row], content_hash, vector));
      ++summary_.embedded;
    }
    job_.AddRowsDone(static_cast<int64_t>(rows.row_ids.size()));
    return Status::Ok();
  }

  std::string HashOf(std::span<const float> vector) {
    hashed_.assign(definition_.hash);
    hashed_.append(reinterpret_cast<const char*>(vector.data()), vector.size_bytes());
    return ContentHash(hashed_);
  }

  // A bad row is in the file: nothing of it is worth keeping.
  static Status DiscardIfWrong(const Status& status, PartWriter& parts) {
    if (status.code() != StatusCode::kInvalidArgument || !parts.has_run()) return status;
    IOLITE_ASSIGN_OR_RETURN(auto* run, parts.Run());
    IOLITE_RETURN_IF_ERROR(run->Discard());
    return status;
  }

  Status Seal(TablePlan& plan, PartWriter& parts) {
    if (summary_.embedded + summary_.unchanged != summary_.rows) {
      return Aborted("{} changed while it was read. Run again", input_.vectors_path);
    }
    if (input_.new_source) {
      IOLITE_RETURN_IF_ERROR(options_.catalog->AddSource(*input_.new_source));
    }
    auto hidden = SealTable(job_.context(), options_, definition_, plan, parts);
    if (!hidden.ok()) {
      if (input_.new_source) (void)options_.catalog->RemoveSource(input_.new_source->name);
      return hidden.status();
    }
    if (input_.new_source && input_.converted) input_.converted->Keep();
    summary_.hidden = *hidden;
    summary_.seconds = summary_.seconds_outside_model = job_.seconds();
    return Status::Ok();
  }

  const PipelineOptions& options_;
  ImportInput& input_;
  Definition& definition_;
  RunningJob& job_;
  EmbedSummary summary_;
  std::string hashed_;
};

}  // namespace

Result<EmbedSummary> Import(const RequestContext& context, const PipelineOptions& options,
                            const ImportRequest& request, const ProgressFunction& progress) {
  IOLITE_ASSIGN_OR_RETURN(auto input, OpenImport(context, options, request));
  IOLITE_ASSIGN_OR_RETURN(auto definition, DefineImport(options, request, input));
  IOLITE_ASSIGN_OR_RETURN(auto job, RunningJob::Start(context, options,
                                                      {.kind = "import",
                                                       .target = input.source.name,
                                                       .definition_json = DefinitionJson(request)},
                                                      progress));
  ImportRun run(options, input, definition, *job);
  Status status = run.Run();
  run.summary().job_id = job->id();
  IOLITE_RETURN_IF_ERROR(job->Finish(status, status.ok() ? SummaryJson(run.summary()) : ""));
  return run.summary();
}

}  // namespace iolite::pipelines
