#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "iolite/search/internal/key_index.h"
#include "iolite/search/internal/parquet_files.h"
#include "iolite/search/internal/row_cache.h"
#include "iolite/search/internal/scan_rows.h"

namespace iolite::search::internal {

/// Rows of Parquet files: keys and their positions once, then the columns of single row groups as
/// they are asked for, both in the row cache. A text column of a row group that is asked for the
/// first time gives only the rows in question; the second time it is kept. Conditions give
/// positions, which an array made once for a snapshot turns into its rows.
///
/// A column that SQL shows otherwise than Parquet stores it, or whose row group would fill the
/// cache, is read by a scan.
class ParquetRows final : public SourceRows {
 public:
  ParquetRows(SessionPool* sessions, RowCache* cache, catalog::SourceEntry source,
              std::string_view key_column, uint64_t version);
  ~ParquetRows() override { cache_->Forget(version()); }

  Result<std::shared_ptr<arrow::Schema>> Schema(const RequestContext& context) override;
  Result<FetchedRows> Fetch(const RequestContext& context,
                            std::span<const std::string_view> row_ids,
                            const std::vector<std::string>& columns) override;
  Result<FilterRows> Filter(const RequestContext& context, const results::Snapshot& snapshot,
                            std::string_view condition) override;
  uint64_t version() const override { return scan_.version(); }

 private:
  /// What stays in memory for as long as the files stay as they are.
  struct Layout {
    std::shared_ptr<arrow::Schema> schema;
    std::shared_ptr<const ParquetFiles> files;
  };
  /// Rows of one snapshot by their position in the source.
  struct Alignment {
    std::weak_ptr<const segments::Segment> first_segment;
    int64_t snapshot_version = 0;
    std::vector<uint32_t> part_of;
    std::vector<uint32_t> row_of;
  };
  struct Fetching;

  Result<std::shared_ptr<const Layout>> GetLayout(const RequestContext& context);
  Result<std::shared_ptr<const KeyIndex>> GetKeys(const RequestContext& context,
                                                  const Layout& layout);
  Result<RowCache::Piece> LoadKeys(const RequestContext& context, const Layout& layout);
  Result<std::shared_ptr<const Alignment>> GetAlignment(const RequestContext& context,
                                                        const Layout& layout,
                                                        const results::Snapshot& snapshot);
  /// A row group's part of a column: all of it, or the rows that are wanted, in their order.
  struct Part {
    std::vector<int64_t> rows;  ///< wanted, ascending, each once
    std::shared_ptr<const arrow::Array> values;
    bool whole = true;
  };
  Status ReadPart(const RequestContext& context, const Layout& layout, int column,
                  const ParquetPlace& place, Part& part, int64_t* decoded_count);
  bool MetBefore(const RowCache::Key& key);
  Result<std::shared_ptr<arrow::Array>> GatherColumn(const RequestContext& context,
                                                     const Layout& layout, int column,
                                                     std::span<const int64_t> positions,
                                                     int64_t* decoded_count);
  /// Positions in the source of a table that SourcePositionSelect() or SourceFetchSelect() gave.
  static Result<std::vector<int64_t>> Positions(const Layout& layout, const arrow::Table& table);
  /// Adds the columns that row groups could not give.
  Status ReadFromFiles(const RequestContext& context, const Layout& layout,
                       std::span<const int64_t> positions, const std::vector<int>& columns,
                       std::vector<std::shared_ptr<arrow::Array>>& arrays);

  SessionPool* const sessions_;
  RowCache* const cache_;
  const catalog::SourceEntry source_;
  ScanRows scan_;
  std::mutex mutex_;
  std::shared_ptr<const Layout> layout_;        // guarded by mutex_
  std::shared_ptr<const Alignment> alignment_;  // guarded by mutex_; of the snapshot used last
  std::set<RowCache::Key> met_;                 // guarded by mutex_; pieces read in part before
};

}  // namespace iolite::search::internal
