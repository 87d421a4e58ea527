#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/results/internal/table_storage.h"

namespace iolite::results {

/// Collects which rows of a table's earlier segments are no longer to be seen, and writes it down.
///
/// Threads: one.
class HiddenRows {
 public:
  /// Opens the segments of `manifest` with their hidden rows.
  static Result<HiddenRows> Open(TableStorage& storage, const TableManifest& manifest);

  Status Hide(std::span<const std::string_view> row_ids);
  /// Writes the hidden rows that are new as `version` and enters them into `manifest`; takes out
  /// segments without a visible row.
  Status Write(int64_t version, TableManifest& manifest);

 private:
  struct Part {
    std::shared_ptr<const segments::Segment> segment;
    columnar::RowSet hidden;
    bool changed = false;
  };
  explicit HiddenRows(TableStorage& storage) : storage_(&storage) {}

  TableStorage* storage_;
  std::vector<Part> parts_;
};

}  // namespace iolite::results
