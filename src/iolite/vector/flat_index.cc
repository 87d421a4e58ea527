#include "iolite/vector/flat_index.h"

#include <algorithm>
#include <limits>

#include "iolite/vector/internal/exact_scan.h"
#include "iolite/vector/internal/query.h"
#include "iolite/vector/internal/survivors.h"
#include "iolite/vector/internal/top_k.h"
#include "iolite/vector/kernels/kernels.h"

namespace iolite::vector {
namespace {

using internal::Survivors;
using internal::TopK;

// One tile of a batch: its distances stay in the second-level cache (64 KiB), its rows are read
// once for all queries of the tile.
constexpr size_t kBatchQueries = 32;
constexpr size_t kBatchRows = 512;

}  // namespace

Result<std::unique_ptr<FlatIndex>> FlatIndex::Borrow(Metric metric, int32_t dimension,
                                                     const float* rows, size_t stride,
                                                     int64_t row_count,
                                                     std::shared_ptr<const void> keep_alive) {
  IOLITE_RETURN_IF_ERROR(internal::CheckDimension(dimension));
  if (row_count < 0 || row_count > std::numeric_limits<uint32_t>::max()) {
    return InvalidArgument("A flat index takes 0 to 4,294,967,295 rows, not {}", row_count);
  }
  if (stride < static_cast<size_t>(dimension)) {
    return InvalidArgument("Rows of dimension {} cannot lie {} floats apart", dimension, stride);
  }
  if (rows == nullptr && row_count > 0) {
    return InvalidArgument("{} rows were announced, but no memory was given", row_count);
  }
  std::unique_ptr<FlatIndex> index(new FlatIndex);
  index->metric_ = metric;
  index->dimension_ = dimension;
  index->row_count_ = static_cast<uint32_t>(row_count);
  index->rows_ = rows;
  index->stride_ = stride;
  index->keep_alive_ = std::move(keep_alive);
  return index;
}

Result<std::unique_ptr<FlatIndex>> FlatIndex::Own(Metric metric, int32_t dimension,
                                                  std::vector<float> rows) {
  IOLITE_RETURN_IF_ERROR(internal::CheckDimension(dimension));
  if (rows.size() % dimension != 0) {
    return InvalidArgument("{} values are no whole number of rows of dimension {}", rows.size(),
                           dimension);
  }
  IOLITE_ASSIGN_OR_RETURN(auto index,
                          Borrow(metric, dimension, rows.data(), dimension,
                                 static_cast<int64_t>(rows.size() / dimension), nullptr));
  index->own_ = std::move(rows);
  index->rows_ = index->own_.data();
  return index;
}

int64_t FlatIndex::memory_bytes() const {
  return static_cast<int64_t>(own_.capacity() * sizeof(float));
}

Result<size_t> FlatIndex::Search(const RequestContext& context, const VectorSearch& request,
                                 std::span<Neighbor> out) const {
  IOLITE_RETURN_IF_ERROR(internal::CheckQuery(request.query, dimension_));
  IOLITE_RETURN_IF_ERROR(internal::CheckOut(request, row_count_, out.size()));
  IOLITE_RETURN_IF_ERROR(context.Check());
  const size_t kept = std::min<size_t>(request.k, row_count_);
  const Survivors survivors(request, row_count_);
  if (std::min<size_t>(kept, survivors.count()) == 0) {
    if (request.stats != nullptr) *request.stats = internal::NothingToFind(request);
    return size_t{0};
  }
  TopK top(out.first(kept), request.distance_max);
  const internal::Matrix matrix{rows_,      stride_ * sizeof(float),
                                row_count_, static_cast<size_t>(dimension_),
                                metric_,    ElementType::kF32};
  IOLITE_RETURN_IF_ERROR(
      internal::ExactScan(context, matrix, request.query.data(), survivors, top));
  if (request.stats != nullptr) {
    request.stats->plan = survivors.all() ? "exact" : "exact over the filter";
    request.stats->reason =
        fmt::format("there is no graph; {} of {} rows may appear", survivors.count(), row_count_);
    request.stats->rows_visited = survivors.count();
    request.stats->rows_rescored = 0;
  }
  return top.Finish();
}

Status FlatIndex::SearchBatch(const RequestContext& context, Executor& executor,
                              std::span<const float> queries, const VectorSearch& request,
                              std::span<Neighbor> out, std::span<size_t> counts) const {
  VectorSearch shape = request;
  shape.query = queries.first(std::min<size_t>(queries.size(), dimension_));
  const size_t kept = std::min<size_t>(request.k, row_count_);
  const bool fits =
      queries.size() == counts.size() * dimension_ && out.size() >= counts.size() * kept;
  const Survivors survivors(request, row_count_);
  // Gathered rows cannot be shared between queries; the plain way checks the arguments, too.
  if (!fits || !survivors.all() || kept == 0) {
    return VectorIndex::SearchBatch(context, executor, queries, request, out, counts);
  }
  const auto block = kernels::Kernels().block[static_cast<size_t>(metric_)];
  const size_t tile_count = (counts.size() + kBatchQueries - 1) / kBatchQueries;
  return executor.ParallelFor(context, tile_count, [&](size_t tile) -> Status {
    const size_t first = tile * kBatchQueries;
    const size_t query_count = std::min(kBatchQueries, counts.size() - first);
    const float* query = queries.data() + first * dimension_;
    std::vector<TopK> tops;
    for (size_t q = 0; q < query_count; ++q) {
      IOLITE_RETURN_IF_ERROR(internal::CheckQuery(
          {query + q * dimension_, static_cast<size_t>(dimension_)}, dimension_));
      tops.emplace_back(out.subspan((first + q) * kept, kept), request.distance_max);
    }
    std::vector<float> distances(kBatchQueries * kBatchRows);
    for (size_t row = 0; row < row_count_; row += kBatchRows) {
      IOLITE_RETURN_IF_ERROR(context.Check());
      const size_t rows = std::min<size_t>(kBatchRows, row_count_ - row);
      block(query, query_count, rows_ + row * stride_, stride_ * sizeof(float), rows, dimension_,
            distances.data());
      for (size_t q = 0; q < query_count; ++q) {
        tops[q].OfferMany({distances.data() + q * rows, rows},
                          [row](size_t i) { return static_cast<uint32_t>(row + i); });
      }
    }
    for (size_t q = 0; q < query_count; ++q) counts[first + q] = tops[q].Finish();
    return Status::Ok();
  });
}

}  // namespace iolite::vector
