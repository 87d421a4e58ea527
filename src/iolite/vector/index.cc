#include "iolite/vector/index.h"

#include <algorithm>
#include <array>

#include "iolite/vector/internal/query.h"

namespace iolite::vector {
namespace {

constexpr std::array<std::string_view, kMetricCount> kMetricNames = {
    "cosine", "inner_product", "l2", "l1", "hamming", "jaccard"};
constexpr std::array<std::string_view, kElementTypeCount> kElementTypeNames = {
    "f32", "f16", "bf16", "i8", "u8", "bits"};

}  // namespace

std::string_view MetricName(Metric metric) { return kMetricNames[static_cast<size_t>(metric)]; }

Result<Metric> ParseMetric(std::string_view name) {
  if (name == "cosine" || name == "cos") return Metric::kCosine;
  if (name == "inner_product" || name == "ip" || name == "dot") return Metric::kInnerProduct;
  if (name == "l2" || name == "euclidean") return Metric::kL2;
  if (name == "l1" || name == "manhattan") return Metric::kL1;
  if (name == "hamming") return Metric::kHamming;
  if (name == "jaccard") return Metric::kJaccard;
  return InvalidArgument(
      "'{}' is no metric. Metrics: cosine, inner_product (ip, dot), l2 (euclidean), l1 "
      "(manhattan), hamming, jaccard",
      name);
}

std::string_view ElementTypeName(ElementType type) {
  return kElementTypeNames[static_cast<size_t>(type)];
}

Result<ElementType> ParseElementType(std::string_view name) {
  auto found = std::find(kElementTypeNames.begin(), kElementTypeNames.end(), name);
  if (found != kElementTypeNames.end()) {
    return static_cast<ElementType>(found - kElementTypeNames.begin());
  }
  return InvalidArgument("'{}' is no element type. Element types: f32, f16, bf16, i8, u8, bits",
                         name);
}

Status CheckMetric(Metric metric, ElementType type) {
  const bool of_bits = metric == Metric::kHamming || metric == Metric::kJaccard;
  if (of_bits == (type == ElementType::kBits)) return Status::Ok();
  if (of_bits) {
    return InvalidArgument("The metric {} compares bits: elements of type {} do not have it",
                           MetricName(metric), ElementTypeName(type));
  }
  return InvalidArgument("Elements of type bits have the metrics hamming and jaccard, not {}",
                         MetricName(metric));
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

Result<std::string> VectorIndexBuilder::FinishInMemory(const RequestContext& context) {
  std::string file;
  IOLITE_RETURN_IF_ERROR(Finish(context, [&](std::string_view bytes) {
    file.append(bytes);
    return Status::Ok();
  }));
  return file;
}

}  // namespace iolite::vector
