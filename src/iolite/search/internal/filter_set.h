#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "iolite/search/internal/condition.h"
#include "iolite/search/internal/lru_cache.h"
#include "iolite/search/internal/session_pool.h"
#include "iolite/search/internal/source_rows.h"

namespace iolite::search::internal {

/// Evaluates conditions, and keeps the rows that those let through whose answer cannot change while
/// table and source stay as they are.
///
/// Threads: any number.
class FilterSet {
 public:
  FilterSet(SessionPool* sessions, int64_t entry_count_max)
      : sessions_(sessions), kept_(entry_count_max) {}

  /// Adds a step `filter` to context.trace.
  Result<std::shared_ptr<const FilterRows>> Evaluate(const RequestContext& context,
                                                     SourceRows& source, std::string_view table,
                                                     const results::Snapshot& snapshot,
                                                     const std::string& condition);

 private:
  /// Names of SQL's own functions that give the same for the same arguments; asked once.
  Result<const std::set<std::string, std::less<>>*> StableFunctions(const RequestContext& context);

  SessionPool* const sessions_;
  LruCache<FilterRows> kept_;
  std::mutex mutex_;
  std::set<std::string, std::less<>> stable_functions_;  // guarded by mutex_ until it is filled
};

}  // namespace iolite::search::internal
