#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/columnar/row_set.h"
#include "iolite/results/result_table.h"

namespace iolite::search::internal {

/// Which visible rows of a snapshot a condition lets through.
struct FilterRows {
  std::vector<std::shared_ptr<const columnar::RowSet>>
      parts;  ///< one for each part of the snapshot
  int64_t match_count = 0;
};

struct FetchedRows {
  std::shared_ptr<arrow::Table>
      table;  ///< row i belongs to row_ids[i]; all null where the source has none
  int64_t missing_count = 0;
  std::string way;  ///< for explanations: `from cache`, `scan`
};

/// The rows of one version of a source, by the ids that result tables keep: each way to keep rows
/// (files with row groups, files without, SQL tables) has its own.
///
/// Threads: any number.
class SourceRows {
 public:
  virtual ~SourceRows() = default;

  /// The columns, as SQL gives them.
  virtual Result<std::shared_ptr<arrow::Schema>> Schema(const RequestContext& context) = 0;
  /// Reads the rows of these ids, all columns where `columns` is empty. kInvalidArgument lists the
  /// columns when one is unknown.
  virtual Result<FetchedRows> Fetch(const RequestContext& context,
                                    std::span<const std::string_view> row_ids,
                                    const std::vector<std::string>& columns) = 0;
  /// Evaluates a condition that ParseCondition took. kInvalidArgument, with the place, when it does
  /// not bind.
  virtual Result<FilterRows> Filter(const RequestContext& context,
                                    const results::Snapshot& snapshot,
                                    std::string_view condition) = 0;
  /// Differs between any two versions of any two sources; 0 when the rows may change unseen, so
  /// that no answer may be kept.
  virtual uint64_t version() const = 0;
};

/// Collects rows of a snapshot and makes the sets of a FilterRows.
class FilterRowsBuilder {
 public:
  explicit FilterRowsBuilder(const results::Snapshot& snapshot);
  void Add(uint32_t part, uint32_t row) { words_[part][row / 64] |= uint64_t{1} << (row % 64); }
  FilterRows Finish() const;

 private:
  std::vector<std::vector<uint64_t>> words_;
};

/// The visible rows of these ids; ids that no part has are left out.
Result<FilterRows> RowsOfKeys(const results::Snapshot& snapshot,
                              std::span<const std::string_view> row_ids);

}  // namespace iolite::search::internal
