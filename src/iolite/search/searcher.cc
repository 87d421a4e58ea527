#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include "iolite/search/explanation.h"
#include "iolite/search/internal/filter_set.h"
#include "iolite/search/internal/nearest.h"
#include "iolite/search/internal/query_vector.h"
#include "iolite/search/internal/relation.h"
#include "iolite/search/internal/row_cache.h"
#include "iolite/search/internal/session_pool.h"
#include "iolite/search/internal/source_set.h"
#include "iolite/search/internal/target.h"
#include "iolite/search/search.h"

namespace iolite::search {
namespace {

using internal::FilterRows;
using internal::FoundRow;
using internal::OpenSource;
using internal::QueryVector;
using internal::Target;

/// Queries embedded, searched and given their rows together.
constexpr size_t kBatchQueryCount = 1024;
/// Queries that a thread takes at a time.
constexpr size_t kBlockQueryCount = 16;

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
  std::vector<std::string> warnings;
};

Status CheckRequest(const SearchRequest& request) {
  if (request.k < 0) {
    return InvalidArgument("k is {}; it says how many rows to answer: 0 or more.", request.k);
  }
  if (request.ef < 0) {
    return InvalidArgument("ef is {}; it is the size of a candidate pool: 0 lets the index choose.",
                           request.ef);
  }
  return Status::Ok();
}

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
  return {.k = plan.k, .ef = plan.ef, .exact = request.exact, .filter = plan.filter.get()};
}

class LocalSearcher final : public Searcher {
 public:
  explicit LocalSearcher(SearcherOptions options)
      : options_(std::move(options)),
        sessions_(options_.database),
        row_cache_(options_.row_cache_bytes_max, options_.budget),
        targets_(options_.catalog, &sessions_),
        sources_(options_.catalog, options_.database, &sessions_, &row_cache_),
        filters_(&sessions_, options_.filter_cache_entry_count) {}

  Result<SearchResponse> Search(const RequestContext& context,
                                const SearchRequest& request) override {
    IOLITE_RETURN_IF_ERROR(internal::CheckQuery(request.query));
    IOLITE_ASSIGN_OR_RETURN(Plan plan, MakePlan(context, request));
    IOLITE_ASSIGN_OR_RETURN(
        const std::vector<QueryVector> queries,
        MakeQueryVectors(context, options_, Space(plan), {&request.query, 1}, &plan.warnings));
    std::vector<SearchResponse> responses(1);
    IOLITE_ASSIGN_OR_RETURN(responses[0], Answer(context, plan, request, queries[0]));
    IOLITE_RETURN_IF_ERROR(AddRows(context, plan, request, responses));
    return std::move(responses[0]);
  }

  Result<std::vector<SearchResponse>> SearchBatch(const RequestContext& context,
                                                  const SearchRequest& settings,
                                                  std::span<const Query> queries,
                                                  int32_t thread_count) override;

  Result<std::shared_ptr<arrow::Schema>> RowSchema(const RequestContext& context,
                                                   std::string_view source,
                                                   const std::vector<std::string>& select) override;

 private:
  Result<Plan> MakePlan(const RequestContext& context, const SearchRequest& request);
  Status AddSource(const RequestContext& context, const SearchRequest& request, Plan& plan);
  internal::QuerySpace Space(const Plan& plan) const {
    return {&plan.target->table, plan.snapshot.get(), plan.dimension};
  }
  Result<SearchResponse> Answer(const RequestContext& context, const Plan& plan,
                                const SearchRequest& request, const QueryVector& query);
  Status AnswerAll(const RequestContext& context, const Plan& plan, const SearchRequest& request,
                   std::span<const QueryVector> queries, int32_t thread_count,
                   std::span<SearchResponse> responses);
  Status AddRows(const RequestContext& context, Plan& plan, const SearchRequest& request,
                 std::span<SearchResponse> responses);

  const SearcherOptions options_;
  internal::SessionPool sessions_;
  internal::RowCache row_cache_;
  internal::TargetResolver targets_;
  internal::SourceSet sources_;
  internal::FilterSet filters_;
};

Result<Plan> LocalSearcher::MakePlan(const RequestContext& context, const SearchRequest& request) {
  IOLITE_RETURN_IF_ERROR(context.Check());
  IOLITE_RETURN_IF_ERROR(CheckRequest(request));
  Plan plan;
  IOLITE_ASSIGN_OR_RETURN(plan.target, targets_.Resolve(context, request.source));
  const catalog::TableEntry& table = plan.target->table;
  IOLITE_ASSIGN_OR_RETURN(plan.snapshot, options_.results->Get(table.name));
  int64_t row_count = 0;
  for (const results::Snapshot::Part& part : plan.snapshot->parts) {
    row_count += part.segment->row_count();
    std::string warning = part.segment->index_warning();
    if (!warning.empty()) plan.warnings.push_back(std::move(warning));
  }
  plan.k = static_cast<size_t>(std::min(request.k, row_count));
  plan.ef = static_cast<size_t>(request.ef > 0 ? request.ef : options_.ef_default);
  plan.dimension = plan.snapshot->materialization.dimension;
  if (plan.snapshot->parts.empty()) {
    IOLITE_ASSIGN_OR_RETURN(plan.metric, vector::ParseMetric(table.metric));
  } else {
    plan.metric = plan.snapshot->parts.front().segment->manifest().metric;
    plan.dimension = plan.snapshot->parts.front().segment->manifest().dimension;
  }
  IOLITE_RETURN_IF_ERROR(AddSource(context, request, plan));
  return plan;
}

Status LocalSearcher::AddSource(const RequestContext& context, const SearchRequest& request,
                                Plan& plan) {
  const Target& target = *plan.target;
  Result<std::shared_ptr<const OpenSource>> source = sources_.Get(context, target);
  if (!source.ok()) {
    const bool needed = !request.where.empty() || (request.fetch_rows && !request.select.empty());
    if (needed || source.status().code() == StatusCode::kCancelled ||
        source.status().code() == StatusCode::kDeadlineExceeded) {
      return source.status();
    }
    plan.warnings.push_back(
        source.status().message() +
        (request.fetch_rows ? " Ids and scores are answered without rows." : ""));
    return Status::Ok();
  }
  plan.source = std::move(*source);
  if (plan.source->entry) {
    std::string stale =
        StalenessWarning(target, plan.snapshot->materialization, *plan.source->entry);
    if (!stale.empty()) plan.warnings.push_back(std::move(stale));
  }
  if (request.where.empty()) return Status::Ok();
  IOLITE_ASSIGN_OR_RETURN(
      plan.filter, filters_.Evaluate(context, *plan.source->rows, target.table.name, *plan.snapshot,
                                     request.where));
  return Status::Ok();
}

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

Status LocalSearcher::AddRows(const RequestContext& context, Plan& plan,
                              const SearchRequest& request, std::span<SearchResponse> responses) {
  if (request.fetch_rows && plan.source) {
    TraceScope step(context.trace, "rows", *context.clock);
    std::vector<std::string_view> ids;
    for (const SearchResponse& response : responses) {
      for (const Hit& hit : response.hits) ids.push_back(hit.id);
    }
    Result<internal::FetchedRows> fetched = plan.source->rows->Fetch(context, ids, request.select);
    if (!fetched.ok() && fetched.status().code() == StatusCode::kInvalidArgument &&
        !plan.source->entry && request.select.empty()) {
      // An SQL table that was dropped or lost its key since: the hits are right all the same.
      plan.warnings.push_back(fmt::format("The rows of {} cannot be read: {}",
                                          plan.target->table.source, fetched.status().message()));
    } else if (!fetched.ok()) {
      return fetched.status();
    } else {
      int64_t offset = 0;
      for (SearchResponse& response : responses) {
        const auto count = static_cast<int64_t>(response.hits.size());
        response.rows = fetched->table->Slice(offset, count);
        offset += count;
      }
      if (fetched->missing_count > 0) {
        plan.warnings.push_back(
            fmt::format("{} of the rows found {} no longer in {}; their columns are null. Run "
                        "`iolite embed` again.",
                        WithThousands(fetched->missing_count),
                        fetched->missing_count == 1 ? "is" : "are", plan.target->table.source));
      }
      if (step.enabled()) {
        step.set_detail(fmt::format("{} rows of {}, {}", WithThousands(offset),
                                    plan.target->table.source, fetched->way));
      }
    }
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
  const size_t block_count = (queries.size() + kBlockQueryCount - 1) / kBlockQueryCount;
  std::atomic<size_t> next = 0;
  const auto work = [&](size_t) -> Status {
    for (size_t block = next.fetch_add(1); block < block_count; block = next.fetch_add(1)) {
      const size_t begin = block * kBlockQueryCount;
      const size_t count = std::min(kBlockQueryCount, queries.size() - begin);
      IOLITE_RETURN_IF_ERROR(AnswerBlock(quiet, plan, request, queries.subspan(begin, count),
                                         responses.subspan(begin, count)));
    }
    return Status::Ok();
  };
  size_t workers = options_.executor ? options_.executor->thread_count() : 1;
  if (thread_count > 0) workers = std::min(workers, static_cast<size_t>(thread_count));
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
  IOLITE_ASSIGN_OR_RETURN(Plan plan, MakePlan(context, settings));
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
    IOLITE_RETURN_IF_ERROR(AddRows(context, plan, settings, batch));
  }
  return responses;
}

Result<std::shared_ptr<arrow::Schema>> LocalSearcher::RowSchema(
    const RequestContext& context, std::string_view source,
    const std::vector<std::string>& select) {
  IOLITE_ASSIGN_OR_RETURN(const auto target, targets_.Resolve(context, source));
  IOLITE_ASSIGN_OR_RETURN(const auto opened, sources_.Get(context, *target));
  IOLITE_ASSIGN_OR_RETURN(const auto schema, opened->rows->Schema(context));
  IOLITE_ASSIGN_OR_RETURN(const std::vector<int> columns,
                          internal::SelectColumns(*schema, select, target->table.source));
  std::vector<std::shared_ptr<arrow::Field>> fields;
  for (const int column : columns) fields.push_back(schema->field(column));
  return arrow::schema(std::move(fields));
}

}  // namespace

Result<std::unique_ptr<Searcher>> Searcher::Make(SearcherOptions options) {
  if (options.catalog == nullptr || options.results == nullptr || options.database == nullptr) {
    return Internal("A searcher needs a catalog, result tables and a database.");
  }
  return std::unique_ptr<Searcher>(std::make_unique<LocalSearcher>(std::move(options)));
}

}  // namespace iolite::search
