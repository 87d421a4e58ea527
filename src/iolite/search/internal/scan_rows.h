#pragma once

#include <memory>

#include "iolite/search/internal/relation.h"
#include "iolite/search/internal/session_pool.h"
#include "iolite/search/internal/source_rows.h"

namespace iolite::search::internal {

/// Reads rows by SQL, each time anew: SQL tables, whose rows may change at any time, and what does
/// not fit the cache. A fetch is a scan for the keys.
class ScanRows final : public SourceRows {
 public:
  /// `version` of 0 where rows may change unseen.
  ScanRows(SessionPool* sessions, Relation relation, uint64_t version)
      : sessions_(sessions), relation_(std::move(relation)), version_(version) {}

  Result<std::shared_ptr<arrow::Schema>> Schema(const RequestContext& context) override;
  Result<FetchedRows> Fetch(const RequestContext& context,
                            std::span<const std::string_view> row_ids,
                            const std::vector<std::string>& columns) override;
  Result<FilterRows> Filter(const RequestContext& context, const results::Snapshot& snapshot,
                            std::string_view condition) override;
  uint64_t version() const override { return version_; }

  const Relation& relation() const { return relation_; }

 private:
  SessionPool* const sessions_;
  const Relation relation_;
  const uint64_t version_;
};

/// Why a statement with this condition failed, told in the condition's own lines where it is at
/// fault.
Status FilterError(const RequestContext& context, SessionPool& sessions, const Relation& relation,
                   std::string_view condition, const Status& error);

}  // namespace iolite::search::internal
