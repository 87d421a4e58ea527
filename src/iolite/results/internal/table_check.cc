#include "iolite/results/internal/table_check.h"

#include <algorithm>
#include <utility>

#include "iolite/base/hash.h"
#include "iolite/results/internal/table_files.h"

namespace iolite::results {
namespace {

Result<StoredManifest> RequireManifest(const TableStorage& storage, std::string_view table) {
  IOLITE_ASSIGN_OR_RETURN(auto stored, storage.LoadManifest(table));
  if (!stored) return NotFound("there is no result table '{}'", table);
  return std::move(*stored);
}

// The rows file against the table's own record of it, for when the segment's manifest is gone.
Result<std::optional<VerifyFinding>> CheckRows(const TableStorage& storage,
                                               const TableManifest& manifest,
                                               const TableManifest::SegmentEntry& segment) {
  for (const auto& file : manifest.materialization.rows_files) {
    if (file.path != RowsPath(segment)) continue;
    auto object = storage.store().Map(file.path);
    if (object.status().code() == StatusCode::kNotFound) {
      return std::optional(VerifyFinding{file.path, "is missing", true});
    }
    if (!object.ok()) return object.status();
    if (Sha256Hex((*object)->bytes()) == file.sha256) return std::optional<VerifyFinding>();
    return std::optional(
        VerifyFinding{file.path, "has another SHA-256 than when it was made", true});
  }
  return std::optional<VerifyFinding>();
}

Result<std::vector<VerifyFinding>> CheckSegment(const RequestContext& context,
                                                const TableStorage& storage,
                                                const TableManifest& manifest,
                                                const TableManifest::SegmentEntry& segment) {
  std::vector<VerifyFinding> findings;
  IOLITE_ASSIGN_OR_RETURN(auto damages,
                          segments::CheckSegment(context, storage.segment_options(), segment.stem));
  for (auto& damage : damages) {
    findings.push_back({std::move(damage.path), std::move(damage.problem), damage.rows});
  }
  bool manifest_lost = !findings.empty() && findings[0].file.ends_with(".idx.manifest.json");
  if (manifest_lost) {
    IOLITE_ASSIGN_OR_RETURN(auto rows, CheckRows(storage, manifest, segment));
    if (rows) findings.push_back(std::move(*rows));
  }
  return findings;
}

// Hidden rows are not derived: without them, rows that are gone would come back.
Result<std::optional<VerifyFinding>> CheckHidden(const TableStorage& storage,
                                                 const TableManifest::SegmentEntry& segment) {
  if (segment.hidden_version == 0) return std::optional<VerifyFinding>();
  std::string path = segments::HiddenPath(segment.stem, segment.hidden_version);
  auto object = storage.store().Get(path);
  if (object.status().code() == StatusCode::kNotFound) {
    return std::optional(VerifyFinding{path, "is missing", true});
  }
  if (!object.ok()) return object.status();
  auto rows = columnar::RowSet::Deserialize(object->bytes);
  if (!rows.ok()) return std::optional(VerifyFinding{path, rows.status().message(), true});
  if (static_cast<int64_t>(rows->cardinality()) == segment.hidden_count) {
    return std::optional<VerifyFinding>();
  }
  return std::optional(VerifyFinding{
      path, fmt::format("hides {} rows, not {}", rows->cardinality(), segment.hidden_count), true});
}

Result<std::optional<VerifyFinding>> CheckMaterialization(const TableStorage& storage,
                                                          const TableManifest& manifest) {
  std::string path = MaterializationPath(manifest.table);
  auto object = storage.store().Get(path);
  if (object.status().code() == StatusCode::kNotFound) {
    return std::optional(VerifyFinding{path, "is missing", false});
  }
  if (!object.ok()) return object.status();
  if (object->bytes == SerializeMaterialization(manifest.materialization)) {
    return std::optional<VerifyFinding>();
  }
  return std::optional(VerifyFinding{path, "is not what the table's manifest says", false});
}

bool AnyFatal(const std::vector<VerifyFinding>& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const auto& finding) { return finding.fatal; });
}

}  // namespace

Result<std::vector<VerifyFinding>> VerifyTable(const RequestContext& context,
                                               const TableStorage& storage,
                                               std::string_view table) {
  IOLITE_ASSIGN_OR_RETURN(auto stored, RequireManifest(storage, table));
  std::vector<VerifyFinding> findings;
  for (const auto& segment : stored.manifest.segments) {
    IOLITE_ASSIGN_OR_RETURN(auto found, CheckSegment(context, storage, stored.manifest, segment));
    for (auto& finding : found) findings.push_back(std::move(finding));
    IOLITE_ASSIGN_OR_RETURN(auto hidden, CheckHidden(storage, segment));
    if (hidden) findings.push_back(std::move(*hidden));
  }
  IOLITE_ASSIGN_OR_RETURN(auto copy, CheckMaterialization(storage, stored.manifest));
  if (copy) findings.push_back(std::move(*copy));
  return findings;
}

Status RepairTable(const RequestContext& context, TableStorage& storage, std::string_view table) {
  IOLITE_ASSIGN_OR_RETURN(auto stored, RequireManifest(storage, table));
  TableManifest manifest = stored.manifest;
  const auto& made = manifest.materialization;
  IOLITE_ASSIGN_OR_RETURN(auto metric, vector::ParseMetric(made.metric));
  segments::SegmentBuildOptions build = storage.options().index;
  build.metric = metric;
  build.dimension = made.dimension;
  Status lost;
  bool rebuilt = false;
  for (auto& segment : manifest.segments) {
    IOLITE_ASSIGN_OR_RETURN(auto findings, CheckSegment(context, storage, manifest, segment));
    if (AnyFatal(findings)) {
      lost = DataLoss(
          "{} {}: it cannot be rebuilt; restore it from a backup, or drop '{}' and make it "
          "again",
          RowsPath(segment), findings[0].problem, table);
    } else if (!findings.empty()) {
      IOLITE_RETURN_IF_ERROR(
          segments::RebuildIndex(context, storage.segment_options(), segment.stem, build));
      ++segment.repair_count;
      rebuilt = true;
    }
  }
  IOLITE_RETURN_IF_ERROR(storage.PutMaterialization(made));
  if (rebuilt) {
    ++manifest.version;
    IOLITE_RETURN_IF_ERROR(storage.PutManifest(manifest, stored));
  }
  return lost;
}

}  // namespace iolite::results
