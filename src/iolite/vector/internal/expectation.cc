#include "iolite/vector/internal/expectation.h"

namespace iolite::vector::internal {
namespace {

template <class T>
Status Expect(const VectorIndex& index, std::string_view what, const std::optional<T>& expected,
              T found) {
  if (!expected || *expected == found) return Status::Ok();
  return DataLoss("The {} index has {} {}, expected was {}", index.kind(), what, found, *expected);
}

}  // namespace

Status CheckExpectation(const IndexExpectation& expect, const VectorIndex& index) {
  auto name = [](auto value, auto namer) {
    return value ? std::optional<std::string_view>(namer(*value)) : std::nullopt;
  };
  IOLITE_RETURN_IF_ERROR(
      Expect(index, "metric", name(expect.metric, MetricName), MetricName(index.metric())));
  IOLITE_RETURN_IF_ERROR(Expect(index, "element type", name(expect.element_type, ElementTypeName),
                                ElementTypeName(index.element_type())));
  IOLITE_RETURN_IF_ERROR(Expect(index, "dimension", expect.dimension, index.dimension()));
  return Expect(index, "row count", expect.row_count, index.row_count());
}

}  // namespace iolite::vector::internal
