#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include "iolite/search/explanation.h"
#include "iolite/search/internal/nearest.h"
#include "iolite/search/internal/plan.h"
#include "iolite/search/internal/query_vector.h"
#include "iolite/search/internal/row_cache.h"
#include "iolite/search/internal/session_pool.h"
#include "iolite/search/search.h"

namespace iolite::search {
namespace {

using internal::FoundRow;
using internal::Plan;
using internal::QueryVector;

/// Queries embedded, searched and given their rows together.
constexpr size_t kBatchQueryCount = 1024;
/// Queries that a thread takes at a time: many share the rows of a scan, few leave no thread idle
/// at the end.
constexpr size_t kBlockQueryCountMin = 16;
constexpr size_t kBlockQueryCountMax = 64;
constexpr size_t kBlocksPerThread = 4;

/// Distances and scores as people read them, from what an index compares.
Hit MakeHit(FoundRow found, size_t rank, vector::Metric metric) {
  float distance = found.distance;
  float score = -distance;
  if (metric == vector::Metric::kCosine) score = 1.0F - distance;
  if (metric == vector::Metric::kL2) {
    distance = std::sqrt(std::max(distance, 0.0F));
    score = -distance;
  }
  Hit hit;
  hit.id = std::move(found.id);
  hit.score = score;
  hit.distance = distance;
  hit.retrieved_by.push_back({"vector", static_cast<int64_t>(rank), score});
  return hit;
}

SearchResponse MakeResponse(const Plan& plan, std::vector<FoundRow> found) {
  SearchResponse response;
  response.table = plan.target->table.name;
  response.hits.reserve(found.size());
  for (FoundRow& row : found) {
    response.hits.push_back(MakeHit(std::move(row), response.hits.size() + 1, plan.metric));
  }
  return response;
}

internal::NearestRequest Nearest(const Plan& plan, const SearchRequest& request) {
  return {.k = plan.k,
          .ef = plan.ef,
          .target_recall = plan.target_recall,
          .exact = request.exact,
          .filter = plan.filter.get()};
}

class LocalSearcher final : public Searcher {
 public:
  explicit LocalSearcher(SearcherOptions options)
      : options_(std::move(options)),
        sessions_(options_.database),
        row_cache_(options_.row_cache_bytes_max, options_.budget),
        planner_(options_, &sessions_, &row_cache_) {}

  Result<SearchResponse> Search(const RequestContext& context,
                                const SearchRequest& request) override {
    IOLITE_RETURN_IF_ERROR(internal::CheckQuery(request.query));
    IOLITE_ASSIGN_OR_RETURN(Plan plan, planner_.Make(context, request));
    IOLITE_ASSIGN_OR_RETURN(
        const std::vector<QueryVector> queries,
        MakeQueryVectors(context, options_, Space(plan), {&request.query, 1}, &plan.warnings));
    std::vector<SearchResponse> responses(1);
    IOLITE_ASSIGN_OR_RETURN(responses[0], Answer(context, plan, request, queries[0]));
    IOLITE_RETURN_IF_ERROR(Complete(context, plan, request, responses));
    return std::move(responses[0]);
  }

  Result<std::vector<SearchResponse>> SearchBatch(const RequestContext& context,
                                                  const SearchRequest& settings,
                                                  std::span<const Query> queries,
                                                  int32_t thread_count) override;

  Result<std::shared_ptr<arrow::Schema>> RowSchema(
      const RequestContext& context, std::string_view source,
      const std::vector<std::string>& select) override {
    return planner_.RowSchema(context, source, select);
  }

 private:
  internal::QuerySpace Space(const Plan& plan) const {
    return {&plan.target->table, plan.snapshot.get(), plan.dimension};
  }
  Result<SearchResponse> Answer(const RequestContext& context, const Plan& plan,
                                const SearchRequest& request, const QueryVector& query);
  Status AnswerAll(const RequestContext& context, const Plan& plan, const SearchRequest& request,
                   std::span<const QueryVector> queries, int32_t thread_count,
                   std::span<SearchResponse> responses);
  Status FetchRows(const RequestContext& context, Plan& plan, const SearchRequest& request,
                   std::span<SearchResponse> responses);
  /// Adds rows, where they were asked for, and what the plan warns of.
  Status Complete(const RequestContext& context, Plan& plan, const SearchRequest& request,
                  std::span<SearchResponse> responses);

  const SearcherOptions options_;
  internal::SessionPool sessions_;
  internal::RowCache row_cache_;
  internal::Planner planner_;
};

Result<SearchResponse> LocalSearcher::Answer(const RequestContext& context, const Plan& plan,
                                             const SearchRequest& request,
                                             const QueryVector& query) {
  if (plan.k == 0) return MakeResponse(plan, {});
  internal::NearestRequest nearest = Nearest(plan, request);
  nearest.query = query.values;
  nearest.without = query.without;
  IOLITE_ASSIGN_OR_RETURN(std::vector<FoundRow> found,
                          FindNearest(context, *plan.snapshot, nearest, options_.executor));
  return MakeResponse(plan, std::move(found));
}

/// Hands out the rows of all responses, which were fetched as one table.
void SliceRows(const arrow::Table& rows, std::span<SearchResponse> responses) {
  int64_t offset = 0;
  for (SearchResponse& response : responses) {
    const auto count = static_cast<int64_t>(response.hits.size());
    response.rows = rows.Slice(offset, count);
    offset += count;
  }
}

Status LocalSearcher::FetchRows(const RequestContext& context, Plan& plan,
                                const SearchRequest& request, std::span<SearchResponse> responses) {
  TraceScope step(context.trace, "rows", *context.clock);
  std::vector<std::string_view> ids;
  for (const SearchResponse& response : responses) {
    for (const Hit& hit : response.hits) ids.push_back(hit.id);
  }
  const std::string& source = plan.target->table.source;
  const Result<internal::FetchedRows> fetched =
      plan.source->rows->Fetch(context, ids, request.select);
  if (!fetched.ok()) {
    // An SQL table that was dropped or lost its key since: the hits are right all the same.
    const bool table_changed = !plan.source->entry && request.select.empty() &&
                               fetched.status().code() == StatusCode::kInvalidArgument;
    if (!table_changed) return fetched.status();
    plan.warnings.push_back(
        fmt::format("The rows of {} cannot be read: {}", source, fetched.status().message()));
    return Status::Ok();
  }
  SliceRows(*fetched->table, responses);
  if (fetched->missing_count > 0) {
    plan.warnings.push_back(fmt::format(
        "{} of the rows found {} no longer in {}; their columns are null. Run `iolite embed` "
        "again.",
        WithThousands(fetched->missing_count), fetched->missing_count == 1 ? "is" : "are", source));
  }
  if (step.enabled()) {
    step.set_detail(fmt::format("{} rows of {}, {}",
                                WithThousands(static_cast<int64_t>(ids.size())), source,
                                fetched->way));
  }
  return Status::Ok();
}

Status LocalSearcher::Complete(const RequestContext& context, Plan& plan,
                               const SearchRequest& request, std::span<SearchResponse> responses) {
  // Segments open their index at the first search, so only now they know what is wrong with it.
  for (const results::Snapshot::Part& part : plan.snapshot->parts) {
    std::string warning = part.segment->index_warning();
    if (!warning.empty()) plan.warnings.push_back(std::move(warning));
  }
  if (request.fetch_rows && plan.source) {
    IOLITE_RETURN_IF_ERROR(FetchRows(context, plan, request, responses));
  }
  for (SearchResponse& response : responses) response.warnings = plan.warnings;
  return Status::Ok();
}

Status AnswerBlock(const RequestContext& context, const Plan& plan, const SearchRequest& request,
                   std::span<const QueryVector> queries, std::span<SearchResponse> responses) {
  std::vector<std::vector<FoundRow>> found(queries.size());
  if (plan.k > 0) {
    IOLITE_ASSIGN_OR_RETURN(
        found, FindNearestBatch(context, *plan.snapshot, Nearest(plan, request), queries));
  }
  for (size_t i = 0; i < queries.size(); ++i)
    responses[i] = MakeResponse(plan, std::move(found[i]));
  return Status::Ok();
}

Status LocalSearcher::AnswerAll(const RequestContext& context, const Plan& plan,
                                const SearchRequest& request, std::span<const QueryVector> queries,
                                int32_t thread_count, std::span<SearchResponse> responses) {
  TraceScope step(context.trace, "index", *context.clock);
  RequestContext quiet = context;
  quiet.trace = nullptr;  // a step for each query would drown the others
  size_t workers = options_.executor ? options_.executor->thread_count() : 1;
  if (thread_count > 0) workers = std::min(workers, static_cast<size_t>(thread_count));
  const size_t block_size = std::clamp(queries.size() / (workers * kBlocksPerThread),
                                       kBlockQueryCountMin, kBlockQueryCountMax);
  const size_t block_count = (queries.size() + block_size - 1) / block_size;
  std::atomic<size_t> next = 0;
  const auto work = [&](size_t) -> Status {
    for (size_t block = next.fetch_add(1); block < block_count; block = next.fetch_add(1)) {
      const size_t begin = block * block_size;
      const size_t count = std::min(block_size, queries.size() - begin);
      IOLITE_RETURN_IF_ERROR(AnswerBlock(quiet, plan, request, queries.subspan(begin, count),
                                         responses.subspan(begin, count)));
    }
    return Status::Ok();
  };
  workers = std::min(workers, block_count);
  IOLITE_RETURN_IF_ERROR(workers <= 1 ? work(0)
                                      : options_.executor->ParallelFor(context, workers, work));
  if (step.enabled()) {
    step.set_detail(fmt::format("{} queries on {} threads",
                                WithThousands(static_cast<int64_t>(queries.size())),
                                std::max<size_t>(workers, 1)));
  }
  return Status::Ok();
}

Result<std::vector<SearchResponse>> LocalSearcher::SearchBatch(const RequestContext& context,
                                                               const SearchRequest& settings,
                                                               std::span<const Query> queries,
                                                               int32_t thread_count) {
  if (thread_count < 0) {
    return InvalidArgument("The number of threads is {}; 0 takes all, 1 or more so many.",
                           thread_count);
  }
  for (size_t i = 0; i < queries.size(); ++i) {
    const Status status = internal::CheckQuery(queries[i]);
    if (!status.ok()) return status.WithContext(fmt::format("Query {}", i + 1));
  }
  IOLITE_ASSIGN_OR_RETURN(Plan plan, planner_.Make(context, settings));
  std::vector<SearchResponse> responses(queries.size());
  const std::vector<std::string> plan_warnings = plan.warnings;
  for (size_t begin = 0; begin < queries.size(); begin += kBatchQueryCount) {
    IOLITE_RETURN_IF_ERROR(context.Check());
    const size_t count = std::min(kBatchQueryCount, queries.size() - begin);
    const std::span<SearchResponse> batch = std::span(responses).subspan(begin, count);
    plan.warnings = plan_warnings;
    IOLITE_ASSIGN_OR_RETURN(const std::vector<QueryVector> vectors,
                            MakeQueryVectors(context, options_, Space(plan),
                                             queries.subspan(begin, count), &plan.warnings));
    IOLITE_RETURN_IF_ERROR(AnswerAll(context, plan, settings, vectors, thread_count, batch));
    IOLITE_RETURN_IF_ERROR(Complete(context, plan, settings, batch));
  }
  return responses;
}

}  // namespace

Result<std::unique_ptr<Searcher>> Searcher::Make(SearcherOptions options) {
  if (options.catalog == nullptr || options.results == nullptr || options.database == nullptr) {
    return Internal("A searcher needs a catalog, result tables and a database.");
  }
  return std::unique_ptr<Searcher>(std::make_unique<LocalSearcher>(std::move(options)));
}

}  // namespace iolite::search
