#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "iolite/base/context.h"
#include "iolite/catalog/catalog.h"
#include "iolite/search/internal/row_cache.h"
#include "iolite/search/internal/session_pool.h"
#include "iolite/search/internal/source_rows.h"
#include "iolite/search/internal/target.h"

namespace iolite::search::internal {

/// A source as it is now.
struct OpenSource {
  std::shared_ptr<SourceRows> rows;
  std::optional<catalog::SourceEntry> entry;  ///< nothing for SQL tables
};

/// The rows of the sources that searches ask for. Looks at the files at every call (a stat a file);
/// a source whose files changed is read anew, in the catalog too where that can be written.
///
/// Threads: any number.
class SourceSet {
 public:
  SourceSet(catalog::Catalog* catalog, sql::Database* database, SessionPool* sessions,
            RowCache* cache)
      : catalog_(catalog), database_(database), sessions_(sessions), cache_(cache) {}

  /// kNotFound when the source is gone; errors of reading it when it is broken now.
  Result<std::shared_ptr<const OpenSource>> Get(const RequestContext& context,
                                                const Target& target);

 private:
  using Key = std::pair<std::string, std::string>;  // source and key column

  std::shared_ptr<const OpenSource> Find(const Key& key);
  void Remember(const Key& key, std::shared_ptr<const OpenSource> source);
  Result<std::shared_ptr<const OpenSource>> OpenTable(const Target& target);
  Result<std::shared_ptr<const OpenSource>> OpenFiles(const RequestContext& context,
                                                      const Target& target);
  Result<catalog::SourceEntry> ReadAnew(const RequestContext& context,
                                        const catalog::SourceEntry& entry);
  std::shared_ptr<SourceRows> MakeRows(const catalog::SourceEntry& entry,
                                       const std::string& key_column);

  catalog::Catalog* const catalog_;
  sql::Database* const database_;
  SessionPool* const sessions_;
  RowCache* const cache_;
  std::mutex mutex_;
  std::mutex reading_;                                        // one reads anew, others wait
  std::map<Key, std::shared_ptr<const OpenSource>> sources_;  // guarded by mutex_
  uint64_t version_last_ = 0;                                 // guarded by mutex_
};

/// Says in words how the source's files differ from those that the vectors were made of; empty when
/// they do not.
std::string StalenessWarning(const Target& target, const results::Materialization& made,
                             const catalog::SourceEntry& now);

}  // namespace iolite::search::internal
