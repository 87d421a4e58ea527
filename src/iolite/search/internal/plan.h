#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/search/internal/filter_set.h"
#include "iolite/search/internal/row_cache.h"
#include "iolite/search/internal/session_pool.h"
#include "iolite/search/internal/source_set.h"
#include "iolite/search/internal/target.h"
#include "iolite/search/search.h"

namespace iolite::search::internal {

/// All that the queries of one request share.
struct Plan {
  std::shared_ptr<const Target> target;
  std::shared_ptr<const results::Snapshot> snapshot;
  std::shared_ptr<const OpenSource> source;  ///< null when it is gone
  std::shared_ptr<const FilterRows> filter;  ///< null for every row
  vector::Metric metric = vector::Metric::kCosine;
  int32_t dimension = 0;
  size_t k = 0;
  size_t ef = 0;
  float target_recall = 0;
  std::vector<std::string> warnings;
};

/// Turns requests into plans: which table answers, over which rows, from which source.
///
/// Threads: any number.
class Planner {
 public:
  Planner(const SearcherOptions& options, SessionPool* sessions, RowCache* row_cache)
      : results_(options.results),
        ef_default_(options.ef_default),
        target_recall_default_(options.target_recall_default),
        targets_(options.catalog, sessions),
        sources_(options.catalog, options.database, sessions, row_cache),
        filters_(sessions, options.filter_cache_entry_count) {}

  Result<Plan> Make(const RequestContext& context, const SearchRequest& request);
  /// See Searcher::RowSchema().
  Result<std::shared_ptr<arrow::Schema>> RowSchema(const RequestContext& context,
                                                   std::string_view source,
                                                   const std::vector<std::string>& select);

 private:
  void SetPool(const SearchRequest& request, Plan& plan) const;
  Status AddSource(const RequestContext& context, const SearchRequest& request, Plan& plan);

  results::ResultStore* const results_;
  const int64_t ef_default_;
  const double target_recall_default_;
  TargetResolver targets_;
  SourceSet sources_;
  FilterSet filters_;
};

}  // namespace iolite::search::internal
