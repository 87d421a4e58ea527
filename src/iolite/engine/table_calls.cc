#include <fmt/ranges.h>

#include <algorithm>

#include "iolite/engine/local_engine.h"

namespace iolite::engine {
namespace {

std::string IndexName(const results::Snapshot& snapshot) {
  std::vector<std::string> names;
  for (const auto& part : snapshot.parts) {
    const auto& manifest = part.segment->manifest();
    if (manifest.index_kind.empty()) continue;
    std::string name =
        fmt::format("{} {}", manifest.index_kind, vector::ElementTypeName(manifest.element_type));
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names.empty() ? "none: search scans" : fmt::format("{}", fmt::join(names, ", "));
}

void AddSnapshot(const results::Snapshot& snapshot, TableInfo& info) {
  info.row_count = snapshot.row_count;
  info.precision = snapshot.materialization.precision;
  info.segment_count = static_cast<int64_t>(snapshot.parts.size());
  info.index = IndexName(snapshot);
  for (const auto& part : snapshot.parts) {
    if (part.hidden) info.hidden_count += static_cast<int64_t>(part.hidden->cardinality());
    for (const auto& file : part.segment->manifest().files) info.size_bytes += file.size_bytes;
    if (info.problem.empty()) info.problem = part.segment->index_warning();
  }
}

}  // namespace

Result<TableInfo> LocalEngine::DescribeTableEntry(const catalog::TableEntry& entry) {
  TableInfo info{.name = entry.name,
                 .source = entry.source,
                 .task = entry.task,
                 .model = entry.model_id,
                 .key = entry.key_column,
                 .columns = entry.text_columns,
                 .metric = entry.metric,
                 .dimension = static_cast<int32_t>(entry.dimension),
                 .created_us = entry.created_us};
  auto snapshot = results_->Get(entry.name);
  if (snapshot.ok()) {
    AddSnapshot(**snapshot, info);
  } else {
    info.problem = snapshot.status().message();
  }
  return info;
}

Result<std::vector<TableInfo>> LocalEngine::ListTables() {
  IOLITE_ASSIGN_OR_RETURN(auto entries, catalog_->ListTables());
  std::vector<TableInfo> infos;
  for (const auto& entry : entries) {
    IOLITE_ASSIGN_OR_RETURN(auto info, DescribeTableEntry(entry));
    infos.push_back(std::move(info));
  }
  return infos;
}

Result<catalog::TableEntry> LocalEngine::FindTable(std::string_view name) {
  auto entry = catalog_->GetTable(name);
  if (entry.ok() || entry.status().code() != StatusCode::kNotFound) return entry;
  // The name of a source stands for its newest result table.
  IOLITE_ASSIGN_OR_RETURN(auto of_source, catalog_->ListTables(name));
  if (!of_source.empty()) return of_source.front();
  return NotFound("There is no result table {:?}. `iolite tables list` names those there are",
                  name);
}

Result<TableInfo> LocalEngine::DescribeTable(std::string_view name) {
  IOLITE_ASSIGN_OR_RETURN(auto entry, FindTable(name));
  return DescribeTableEntry(entry);
}

Result<std::vector<TableFinding>> LocalEngine::VerifyTable(std::string_view name,
                                                           const CallOptions& call) {
  IOLITE_ASSIGN_OR_RETURN(auto entry, FindTable(name));
  IOLITE_ASSIGN_OR_RETURN(auto findings, results_->Verify(MakeContext(call), entry.name));
  std::vector<TableFinding> out;
  for (auto& finding : findings) {
    out.push_back({std::move(finding.file), std::move(finding.problem), finding.fatal});
  }
  return out;
}

Status LocalEngine::RepairTable(std::string_view name, const CallOptions& call) {
  IOLITE_RETURN_IF_ERROR(RequireWritable("repair a table"));
  IOLITE_ASSIGN_OR_RETURN(auto entry, FindTable(name));
  return results_->Repair(MakeContext(call), entry.name);
}

Status LocalEngine::DropTable(std::string_view name) {
  IOLITE_RETURN_IF_ERROR(RequireWritable("drop a table"));
  // By its own name only: dropping must not guess.
  auto entry = catalog_->GetTable(name);
  if (!entry.ok()) {
    return NotFound("There is no result table {:?}. `iolite tables list` names those there are",
                    name);
  }
  // The catalog forgets it last, so that a crash between leaves something that can be dropped
  // again.
  Status dropped = results_->Drop(name);
  if (!dropped.ok() && dropped.code() != StatusCode::kNotFound) return dropped;
  return catalog_->RemoveTable(name);
}

}  // namespace iolite::engine
