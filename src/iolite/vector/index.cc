#include "iolite/vector/index.h"

#include <algorithm>
#include <array>

#include "iolite/vector/internal/query.h"

namespace iolite::vector {
namespace {

constexpr std::array<std::string_view, 3> kMetricNames = {"cosine", "inner_product", "l2"};
constexpr std::array<std::string_view, 4> kElementTypeNames = {"f32", "f16", "bf16", "i8"};

}  // namespace

std::string_view MetricName(Metric metric) { return kMetricNames[static_cast<size_t>(metric)]; }

Result<Metric> ParseMetric(std::string_view name) {
  if (name == "cosine" || name == "cos") return Metric::kCosine;
  if (name == "inner_product" || name == "ip" || name == "dot") return Metric::kInnerProduct;
  if (name == "l2" || name == "euclidean") return Metric::kL2;
  return InvalidArgument(
      "'{}' is no metric. Metrics: cosine, inner_product (ip, dot), l2 (euclidean)", name);
}

std::string_view ElementTypeName(ElementType type) {
  return kElementTypeNames[static_cast<size_t>(type)];
}

Result<ElementType> ParseElementType(std::string_view name) {
  auto found = std::find(kElementTypeNames.begin(), kElementTypeNames.end(), name);
  if (found != kElementTypeNames.end()) {
    return static_cast<ElementType>(found - kElementTypeNames.begin());
  }
  return InvalidArgument("'{}' is no element type. Element types: f32, f16, bf16, i8", name);
}

Status VectorIndex::SearchBatch(const RequestContext& context, Executor& executor,
                                std::span<const float> queries, const VectorSearch& request,
                                std::span<Neighbor> out, std::span<size_t> counts) const {
  const size_t width = dimension();
  const size_t kept = std::min<size_t>(request.k, row_count());
  IOLITE_RETURN_IF_ERROR(
      internal::CheckBatch(queries.size(), counts.size(), width, kept, out.size()));
  return executor.ParallelFor(context, counts.size(), [&](size_t i) -> Status {
    VectorSearch one = request;
    one.query = queries.subspan(i * width, width);
    one.stats = nullptr;
    IOLITE_ASSIGN_OR_RETURN(counts[i], Search(context, one, out.subspan(i * kept, kept)));
    return Status::Ok();
  });
}

}  // namespace iolite::vector
