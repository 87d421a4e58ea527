#include "iolite/vector/internal/exact_scan.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "iolite/vector/internal/query.h"
#include "iolite/vector/kernels/kernels.h"

namespace iolite::vector::internal {
namespace {

Status ScanAll(const RequestContext& context, const Matrix& matrix, const void* query, TopK& top) {
  const auto& distance = kernels::Kernels().Of(matrix.metric, matrix.type);
  float distances[Survivors::kRun];
  for (size_t begin = 0; begin < matrix.row_count; begin += Survivors::kRun) {
    IOLITE_RETURN_IF_ERROR(context.Check());
    const size_t count = std::min(Survivors::kRun, matrix.row_count - begin);
    distance.rows(query, static_cast<const char*>(matrix.rows) + begin * matrix.stride_bytes,
                  matrix.stride_bytes, count, matrix.dimension, distances);
    top.OfferMany({distances, count}, [&](size_t i) { return static_cast<uint32_t>(begin + i); });
  }
  return Status::Ok();
}

// One tile of a batch: its distances and gathered rows stay in the second-level cache.
constexpr size_t kTileQueries = 64;
constexpr size_t kTileRows = 256;

// Some queries of a batch, compared with rows as they come.
class BatchTile {
 public:
  BatchTile(const Matrix& matrix, const float* queries, std::vector<TopK> tops)
      : matrix_(matrix),
        queries_(queries),
        tops_(std::move(tops)),
        distances_(tops_.size() * kTileRows) {}

  Status CompareAll(const RequestContext& context) {
    for (size_t begin = 0; begin < matrix_.row_count; begin += kTileRows) {
      IOLITE_RETURN_IF_ERROR(context.Check());
      const size_t count = std::min(kTileRows, matrix_.row_count - begin);
      Compare(Row(begin), matrix_.stride_bytes, count,
              [begin](size_t i) { return static_cast<uint32_t>(begin + i); });
    }
    return Status::Ok();
  }

  Status Compare(const RequestContext& context, const Survivors& survivors) {
    Status status;
    survivors.ForEachRun([&](const uint32_t* ids, size_t count) {
      status = context.Check();
      for (size_t begin = 0; status.ok() && begin < count; begin += kTileRows) {
        CompareGathered(ids + begin, std::min(kTileRows, count - begin));
      }
      return status.ok();
    });
    return status;
  }

  size_t Finish(size_t query) { return tops_[query].Finish(); }

 private:
  const float* Row(size_t row) const {
    return reinterpret_cast<const float*>(static_cast<const char*>(matrix_.rows) +
                                          row * matrix_.stride_bytes);
  }

  // Rows side by side serve every query of the tile, which is worth their copying.
  void CompareGathered(const uint32_t* ids, size_t count) {
    gathered_.resize(kTileRows * matrix_.dimension);
    for (size_t i = 0; i < count; ++i) {
      std::memcpy(gathered_.data() + i * matrix_.dimension, Row(ids[i]),
                  matrix_.dimension * sizeof(float));
    }
    Compare(gathered_.data(), matrix_.dimension * sizeof(float), count,
            [ids](size_t i) { return ids[i]; });
  }

  template <class NameFunction>
  void Compare(const float* rows, size_t stride_bytes, size_t count, NameFunction name) {
    const auto block = kernels::Kernels().block[static_cast<size_t>(matrix_.metric)];
    block(queries_, tops_.size(), rows, stride_bytes, count, matrix_.dimension, distances_.data());
    for (size_t q = 0; q < tops_.size(); ++q) {
      tops_[q].OfferMany({distances_.data() + q * count, count}, name);
    }
  }

  const Matrix& matrix_;
  const float* queries_;
  std::vector<TopK> tops_;
  std::vector<float> distances_;
  std::vector<float> gathered_;
};

}  // namespace

Status ExactBatch(const RequestContext& context, Executor& executor, const Matrix& matrix,
                  std::span<const float> queries, const VectorSearch& request,
                  std::span<Neighbor> out, std::span<size_t> counts) {
  const size_t kept = std::min<size_t>(request.k, matrix.row_count);
  IOLITE_RETURN_IF_ERROR(
      CheckBatch(queries.size(), counts.size(), matrix.dimension, kept, out.size()));
  const Survivors survivors(request, matrix.row_count);
  const size_t tile_count = (counts.size() + kTileQueries - 1) / kTileQueries;
  return executor.ParallelFor(context, tile_count, [&](size_t tile_index) -> Status {
    const size_t first = tile_index * kTileQueries;
    const size_t query_count = std::min(kTileQueries, counts.size() - first);
    const auto tile_queries =
        queries.subspan(first * matrix.dimension, query_count * matrix.dimension);
    std::vector<TopK> tops;
    for (size_t q = 0; q < query_count; ++q) {
      IOLITE_RETURN_IF_ERROR(CheckQuery(
          tile_queries.subspan(q * matrix.dimension, matrix.dimension), matrix.dimension));
      tops.emplace_back(out.subspan((first + q) * kept, kept), request.distance_max);
    }
    BatchTile tile(matrix, tile_queries.data(), std::move(tops));
    if (kept > 0) {
      IOLITE_RETURN_IF_ERROR(survivors.all() ? tile.CompareAll(context)
                                             : tile.Compare(context, survivors));
    }
    for (size_t q = 0; q < query_count; ++q) counts[first + q] = tile.Finish(q);
    return Status::Ok();
  });
}

Status ExactScan(const RequestContext& context, const Matrix& matrix, const void* query,
                 const Survivors& survivors, TopK& top) {
  if (survivors.all()) return ScanAll(context, matrix, query, top);
  const auto& distance = kernels::Kernels().Of(matrix.metric, matrix.type);
  float distances[Survivors::kRun];
  Status status;
  survivors.ForEachRun([&](const uint32_t* ids, size_t count) {
    status = context.Check();
    if (!status.ok()) return false;
    distance.gather(query, matrix.rows, matrix.stride_bytes, ids, count, matrix.dimension,
                    distances);
    top.OfferMany({distances, count}, [ids](size_t i) { return ids[i]; });
    return true;
  });
  return status;
}

}  // namespace iolite::vector::internal
