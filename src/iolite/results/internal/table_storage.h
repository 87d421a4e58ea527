#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "iolite/base/status.h"
#include "iolite/results/internal/table_manifest.h"
#include "iolite/results/result_table.h"

namespace iolite::results {

/// A manifest as it was read.
struct StoredManifest {
  TableManifest manifest;
  storage::Etag etag;
};

/// The objects of result tables: what the store, a run and recovery do with them alike.
///
/// Threads: any number.
class TableStorage {
 public:
  explicit TableStorage(const ResultStoreOptions& options) : options_(options) {}

  /// Nothing when there is no such table.
  Result<std::optional<StoredManifest>> LoadManifest(std::string_view table) const;
  /// Writes the materialization's copy, then replaces the version `before`. kAborted when another
  /// is there.
  Status PutManifest(const TableManifest& manifest, const std::optional<StoredManifest>& before);
  /// Writes `T.materialization.json` where it is not what the manifest says.
  Status PutMaterialization(const Materialization& materialization);

  Result<std::optional<RunRecord>> LoadRun(std::string_view table) const;
  /// Removes the parts, then the run: a crash in between leaves a run without parts.
  Status RemoveRun(std::string_view table);
  /// Removes objects of segments that the manifest does not name, and hidden rows of other
  /// versions.
  Status RemoveUnnamed(std::string_view table, const TableManifest* manifest);
  /// Removes the table: tombstone, manifest, the rest, tombstone.
  Status Drop(std::string_view table);
  Status FinishDrop(std::string_view table);

  segments::SegmentOptions segment_options() const {
    return {.store = options_.store, .executor = options_.executor, .budget = options_.budget};
  }
  const ResultStoreOptions& options() const { return options_; }
  storage::ObjectStore& store() const { return *options_.store; }

 private:
  Result<std::vector<std::string>> PathsOf(std::string_view table) const;
  const ResultStoreOptions options_;
};

}  // namespace iolite::results
