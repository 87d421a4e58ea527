#include "iolite/vector/flat_index.h"

#include <limits>

#include "iolite/vector/internal/exact_scan.h"
#include "iolite/vector/internal/query.h"
#include "iolite/vector/internal/search_run.h"

namespace iolite::vector {
Result<std::unique_ptr<FlatIndex>> FlatIndex::Borrow(Metric metric, int32_t dimension,
                                                     const float* rows, size_t stride,
                                                     int64_t row_count,
                                                     std::shared_ptr<const void> keep_alive) {
  IOLITE_RETURN_IF_ERROR(internal::CheckDimension(dimension));
  IOLITE_RETURN_IF_ERROR(CheckMetric(metric, ElementType::kF32));
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

internal::Matrix FlatIndex::matrix() const {
  return {rows_,   stride_ * sizeof(float), row_count_, static_cast<size_t>(dimension_),
          metric_, ElementType::kF32};
}

int64_t FlatIndex::memory_bytes() const {
  return static_cast<int64_t>(own_.capacity() * sizeof(float));
}

Result<size_t> FlatIndex::Search(const RequestContext& context, const VectorSearch& request,
                                 std::span<Neighbor> out) const {
  return internal::RunSearch(*this, context, request, out, [this](internal::SearchRun& run) {
    run.SetPlan("exact", fmt::format("there is no graph; {} of {} rows may appear",
                                     run.survivors.count(), row_count_));
    run.stats.rows_visited = run.survivors.count();
    return internal::ExactScan(run.context, matrix(), run.query.values(), run.survivors, run.top);
  });
}

Status FlatIndex::SearchBatch(const RequestContext& context, Executor& executor,
                              std::span<const float> queries, const VectorSearch& request,
                              std::span<Neighbor> out, std::span<size_t> counts) const {
  return internal::ExactBatch(context, executor, matrix(), queries, request, out, counts);
}

}  // namespace iolite::vector
