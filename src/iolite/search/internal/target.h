#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "iolite/base/context.h"
#include "iolite/catalog/catalog.h"
#include "iolite/search/internal/session_pool.h"

namespace iolite::search::internal {

/// What a name in a request stands for.
struct Target {
  catalog::TableEntry table;
  /// The files behind the table's source; nothing when it is an SQL table, or gone from the
  /// catalog.
  std::optional<catalog::SourceEntry> source;
};

/// Finds the result table that answers for a name, and remembers it until the catalog changes.
///
/// Threads: any number.
class TargetResolver {
 public:
  TargetResolver(catalog::Catalog* catalog, SessionPool* sessions)
      : catalog_(catalog), sessions_(sessions) {}

  /// `papers` and `papers.public.papers`: the newest result table of that source or SQL table; else
  /// the result table of that name. kFailedPrecondition when the source was never embedded,
  /// kNotFound when there is no such name: both list what there is.
  Result<std::shared_ptr<const Target>> Resolve(const RequestContext& context,
                                                std::string_view name);

 private:
  std::shared_ptr<const Target> Remembered(int64_t revision, std::string_view name);
  Result<catalog::TableEntry> FindTable(const RequestContext& context, std::string_view name) const;
  Status Unknown(const RequestContext& context, std::string_view name) const;
  bool IsSqlTable(const RequestContext& context, std::string_view name) const;

  catalog::Catalog* const catalog_;
  SessionPool* const sessions_;
  std::mutex mutex_;
  int64_t revision_ = -1;                                                   // guarded by mutex_
  std::unordered_map<std::string, std::shared_ptr<const Target>> targets_;  // guarded by mutex_
};

/// `papers` for `papers.public.papers`; other names stay as they are.
std::string_view PlainName(std::string_view name);

}  // namespace iolite::search::internal
