#pragma once

#include <arrow/type_fwd.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/columnar/row_set.h"
#include "iolite/storage/object_store.h"

namespace iolite::results {

/// The durable parts of a run, each an Arrow IPC file with `_row_id`, `_content_hash` and `vector`.
/// A row that comes again drops what a recovered part has of it.
///
/// Threads: one.
class RunParts {
 public:
  RunParts(storage::ObjectStore& store, std::string table)
      : store_(store), table_(std::move(table)) {}

  /// Takes over the parts that are there. Torn ones are removed.
  Status Recover();
  /// Writes the next part; durable on return. kInvalidArgument when the columns are not as they
  /// should be or the dimension is not that of the parts before.
  Status Append(const arrow::RecordBatch& rows);
  /// Drops the rows of recovered parts with these ids.
  void DropRecovered(std::string_view row_id);

  /// Calls `visit` with pieces of the parts, in order, without the dropped rows. Pieces stay valid
  /// while they are held.
  Status ForEach(const std::function<Status(std::shared_ptr<arrow::RecordBatch>)>& visit) const;

  int64_t row_count() const { return row_count_; }
  int32_t dimension() const { return dimension_; }
  bool empty() const { return row_count_ == 0; }

 private:
  struct Part {
    std::string path;
    columnar::RowSet dropped;
  };
  struct Place {
    size_t part;
    uint32_t row;
  };
  Status RecoverPart(const std::string& path);
  void EnterRecovered(size_t part, const arrow::RecordBatch& rows);
  Result<std::shared_ptr<arrow::RecordBatch>> Read(const std::string& path) const;

  storage::ObjectStore& store_;
  const std::string table_;
  std::vector<Part> parts_;
  /// Rows of recovered parts by id; empty in a run that recovered nothing.
  std::unordered_map<std::string, Place> recovered_;
  int64_t next_index_ = 0;
  int64_t row_count_ = 0;
  int32_t dimension_ = 0;
};

}  // namespace iolite::results
