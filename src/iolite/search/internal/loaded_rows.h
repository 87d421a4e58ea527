#pragma once

#include <atomic>
#include <memory>

#include "iolite/search/internal/row_cache.h"
#include "iolite/search/internal/scan_rows.h"

namespace iolite::search::internal {

/// Keeps the whole of a source whose files have no parts that could be read alone (CSV, JSON) in
/// the row cache, from the second fetch on: a program that searches once does not pay for it.
class LoadedRows final : public SourceRows {
 public:
  LoadedRows(SessionPool* sessions, RowCache* cache, Relation relation, uint64_t version)
      : sessions_(sessions), cache_(cache), scan_(sessions, std::move(relation), version) {}
  ~LoadedRows() override { cache_->Forget(version()); }

  Result<std::shared_ptr<arrow::Schema>> Schema(const RequestContext& context) override;
  Result<FetchedRows> Fetch(const RequestContext& context,
                            std::span<const std::string_view> row_ids,
                            const std::vector<std::string>& columns) override;
  Result<FilterRows> Filter(const RequestContext& context, const results::Snapshot& snapshot,
                            std::string_view condition) override {
    return scan_.Filter(context, snapshot, condition);
  }
  uint64_t version() const override { return scan_.version(); }

 private:
  struct Loaded;
  Result<RowCache::Piece> Load(const RequestContext& context);

  SessionPool* const sessions_;
  RowCache* const cache_;
  ScanRows scan_;
  std::atomic<int64_t> fetch_count_ = 0;
  std::atomic<bool> too_large_ = false;  ///< the cache could not keep it
};

}  // namespace iolite::search::internal
