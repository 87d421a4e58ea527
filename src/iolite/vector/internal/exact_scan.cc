#include "iolite/vector/internal/exact_scan.h"

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

}  // namespace

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
