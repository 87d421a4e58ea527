#include "iolite/pipelines/internal/table_plan.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "iolite/base/hash.h"
#include "iolite/pipelines/tables.h"

namespace iolite::pipelines {
namespace {

// The newest table of the definition whose files are still there.
Result<std::optional<std::string>> FindTable(const PipelineOptions& options,
                                             const Definition& definition) {
  IOLITE_RETURN_IF_ERROR(AdoptTables(*options.catalog, *options.results));
  IOLITE_ASSIGN_OR_RETURN(auto entries, options.catalog->ListTables(definition.made.source));
  for (const auto& entry : entries) {
    if (entry.definition_hash != definition.hash) continue;
    auto snapshot = options.results->Get(entry.name);
    if (snapshot.ok()) return std::optional(entry.name);
    if (snapshot.status().code() != StatusCode::kNotFound) return snapshot.status();
  }
  return std::optional<std::string>();
}

bool SameInputs(const results::Materialization& a, const results::Materialization& b) {
  auto same = [](const auto& x, const auto& y) {
    return x.path == y.path && x.size_bytes == y.size_bytes && x.modified_us == y.modified_us;
  };
  return std::equal(a.inputs.begin(), a.inputs.end(), b.inputs.begin(), b.inputs.end(), same);
}

// Rows whose source is gone. Replaced ones hide themselves when they are appended.
std::vector<std::string> GoneRows(const TablePlan& plan) {
  std::vector<std::string> gone;
  auto add = [&](std::string_view row_id) { gone.emplace_back(row_id); };
  plan.stored.ForEachUnmet(add);
  plan.recovered.ForEachUnmet(add);
  return gone;
}

}  // namespace

Definition Define(results::Materialization made) {
  nlohmann::json json{{"task", made.task},
                      {"source", made.source},
                      {"key", made.key_column},
                      {"columns", made.text_columns},
                      {"model", made.model_id},
                      {"model_content_hash", made.model_content_hash},
                      {"precision", made.precision},
                      {"metric", made.metric},
                      {"parameters", made.parameters_json}};
  std::string text = json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  return {.made = std::move(made), .hash = Sha256Hex(text)};
}

KnownRows::Match TablePlan::Meet(std::string_view row_id, std::string_view content_hash) {
  auto in_stored = stored.Meet(row_id, content_hash);
  auto in_recovered = recovered.Meet(row_id, content_hash);
  bool comes_again = in_recovered != KnownRows::Match::kUnknown;
  if (in_stored == KnownRows::Match::kChanged ||
      (in_stored == KnownRows::Match::kSame && comes_again)) {
    ++replaced_count;
  }
  return comes_again ? in_recovered : in_stored;
}

Result<TablePlan> PlanTable(const RequestContext& context, const PipelineOptions& options,
                            const Definition& definition) {
  TablePlan plan;
  IOLITE_ASSIGN_OR_RETURN(auto metric, vector::ParseMetric(definition.made.metric));
  IOLITE_RETURN_IF_ERROR(options.results->CheckIndex(metric, definition.made.dimension));
  IOLITE_ASSIGN_OR_RETURN(auto table, FindTable(options, definition));
  IOLITE_ASSIGN_OR_RETURN(auto interrupted, options.results->FindRun(definition.hash));
  if (!table) table = interrupted;
  if (!table) {
    plan.table = options.results->MakeName(definition.made.source, definition.made.task,
                                           definition.made.model_id);
    return plan;
  }
  plan.table = *table;
  if (interrupted == table) {
    IOLITE_ASSIGN_OR_RETURN(plan.run, options.results->StartRun(*table, definition.hash));
    IOLITE_RETURN_IF_ERROR(plan.run->ForEachRecovered(
        [&](std::string_view row_id, std::string_view hash) { plan.recovered.Add(row_id, hash); }));
  }
  auto snapshot = options.results->Get(*table);
  if (snapshot.ok()) {
    plan.snapshot = std::move(*snapshot);
    IOLITE_RETURN_IF_ERROR(options.results->ForEachRow(
        context, *plan.snapshot,
        [&](std::string_view row_id, std::string_view hash) { plan.stored.Add(row_id, hash); }));
  } else if (snapshot.status().code() != StatusCode::kNotFound) {
    return snapshot.status();
  }
  IOLITE_RETURN_IF_ERROR(plan.recovered.Freeze(*options.budget));
  IOLITE_RETURN_IF_ERROR(plan.stored.Freeze(*options.budget));
  return plan;
}

Result<int64_t> SealTable(const RequestContext& context, const PipelineOptions& options,
                          const Definition& definition, TablePlan& plan, PartWriter& parts) {
  IOLITE_RETURN_IF_ERROR(parts.Flush());
  std::vector<std::string> gone = GoneRows(plan);
  bool refreshed = plan.snapshot && SameInputs(plan.snapshot->materialization, definition.made);
  if (parts.has_run() || !gone.empty() || !refreshed) {
    IOLITE_ASSIGN_OR_RETURN(auto* run, parts.Run());
    IOLITE_RETURN_IF_ERROR(run->Hide(gone));
    IOLITE_ASSIGN_OR_RETURN(plan.snapshot, run->Commit(context, definition.made, nullptr));
  }
  IOLITE_RETURN_IF_ERROR(options.catalog->PutTable(TableEntryOf(plan.snapshot->materialization)));
  return plan.stored.unmet_count() + plan.replaced_count;
}

}  // namespace iolite::pipelines
