#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/status.h"
#include "iolite/catalog/catalog.h"
#include "iolite/models/embedder.h"
#include "iolite/results/result_table.h"
#include "iolite/sql/database.h"
#include "iolite/types.h"

namespace iolite::search {

/// What is searched for, and how, as the engine's callers say it.
using Query = SearchQuery;
using SearchRequest = SearchOptions;

/// A hit as the engine's callers see it. Score, higher is better: cosine similarity, inner product,
/// or minus the L2 distance; distance, lower is nearer: 1 - cosine, minus the product, or the L2
/// distance. The one channel of retrieval is `vector`.
using Hit = SearchHit;

struct SearchResponse {
  std::string table;  ///< the result table that answered
  std::vector<Hit> hits;
  /// Row i belongs to hits[i]; null when rows were not asked for, or when the source is gone, which
  /// a warning tells. A row that the source no longer has is all null.
  std::shared_ptr<arrow::Table> rows;
  /// What a person should know: vectors older than the source, a scan in place of an index.
  std::vector<std::string> warnings;
};

/// What search needs from the rest of the house.
struct SearcherOptions {
  catalog::Catalog* catalog = nullptr;
  results::ResultStore* results = nullptr;
  sql::Database* database = nullptr;
  /// Called for every query by text: what it gives should stay loaded.
  std::function<Result<std::shared_ptr<const models::Embedder>>(const RequestContext&,
                                                                std::string_view model_id)>
      load_embedder;
  Executor* executor = nullptr;
  Budget* budget = &Budget::Unlimited();    ///< the row cache draws from it
  int64_t ef_default = 0;                   ///< candidate pool where a request names none
  double target_recall_default = 0;         ///< the same where `ef_default` is 0 too
  int64_t filter_cache_entry_count = 64;    ///< rows that a condition let through, kept by its text
  int64_t row_cache_bytes_max = 256 << 20;  ///< decoded columns and keys of sources
};

/// Answers searches. Filters decide before rows take a place in the top k; only the k answered rows
/// are read from the source. Ties break by id, in the order of bytes.
///
/// Adds the steps `resolve`, `filter`, `embed`, `index` and `rows` to context.trace.
///
/// Threads: any number.
class Searcher {
 public:
  static Result<std::unique_ptr<Searcher>> Make(SearcherOptions options);
  virtual ~Searcher() = default;

  /// kInvalidArgument for a negative k, an ef beside a target recall, a query vector of another
  /// dimension or with NaN, a condition that does not parse or bind, an unknown column; kNotFound
  /// for an unknown name or like_id; kFailedPrecondition when the source has no vectors yet, or
  /// a text is asked of vectors that no model made; kDataLoss names a damaged rows file.
  virtual Result<SearchResponse> Search(const RequestContext& context,
                                        const SearchRequest& request) = 0;
  /// Many queries with the settings of one request (whose own query is ignored), in the order
  /// given. Texts are embedded together; `thread_count` of 0 means all.
  virtual Result<std::vector<SearchResponse>> SearchBatch(const RequestContext& context,
                                                          const SearchRequest& settings,
                                                          std::span<const Query> queries,
                                                          int32_t thread_count) = 0;
  /// The columns that `rows` will have for these columns of a source: for HitTableSchema()
  /// (hits.h).
  virtual Result<std::shared_ptr<arrow::Schema>> RowSchema(
      const RequestContext& context, std::string_view source,
      const std::vector<std::string>& select) = 0;
};

}  // namespace iolite::search
