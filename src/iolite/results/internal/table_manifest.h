#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/results/result_table.h"

namespace iolite::results {

/// `T.manifest.json`: which segments count. Carries the materialization too, so that both change in
/// one step; `T.materialization.json` is its copy for readers.
struct TableManifest {
  static constexpr int kFormatNewest = 1;

  struct SegmentEntry {
    std::string stem;  ///< with the folder
    int64_t row_count = 0;
    int64_t hidden_version = 0;
    int64_t hidden_count = 0;
    int64_t repair_count = 0;  ///< so that others notice that the index was rebuilt
  };
  int format = kFormatNewest;
  std::string table;
  int64_t version = 0;
  std::string run_id;              ///< of the run that made this version
  int64_t segment_index_next = 0;  ///< names are never used twice
  std::vector<SegmentEntry> segments;
  Materialization materialization;

  const SegmentEntry* Find(std::string_view stem) const;
};

/// The rows file of a segment.
inline std::string RowsPath(const TableManifest::SegmentEntry& segment) {
  return segment.stem + ".parquet";
}

std::string SerializeTableManifest(const TableManifest& manifest);
/// kUnimplemented for a newer format, kDataLoss for damage.
Result<TableManifest> ParseTableManifest(std::string_view json, std::string_view path);
std::string SerializeMaterialization(const Materialization& materialization);

/// `T.run.json`: a run that has not been committed.
struct RunRecord {
  static constexpr int kFormatNewest = 1;
  std::string run_id;
  std::string definition_hash;
  int64_t created_us = 0;
};

std::string SerializeRun(const RunRecord& run);
Result<RunRecord> ParseRun(std::string_view json, std::string_view path);

}  // namespace iolite::results
