#include "iolite/search/internal/text_column.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>

namespace iolite::search::internal {
namespace {

template <typename TextArray>
Status VisitTexts(const arrow::Array& array,
                  const std::function<Status(std::optional<std::string_view>)>& visit) {
  const auto& texts = static_cast<const TextArray&>(array);
  for (int64_t i = 0; i < texts.length(); ++i) {
    IOLITE_RETURN_IF_ERROR(texts.IsNull(i) ? visit(std::nullopt) : visit(texts.GetView(i)));
  }
  return Status::Ok();
}

template <typename IntegerArray>
void VisitIntegers(const arrow::Array& array, const std::function<void(int64_t)>& visit) {
  const auto& integers = static_cast<const IntegerArray&>(array);
  for (int64_t i = 0; i < integers.length(); ++i) {
    visit(static_cast<int64_t>(integers.Value(i)));
  }
}

}  // namespace

Status ForEachText(const arrow::ChunkedArray& column,
                   const std::function<Status(std::optional<std::string_view>)>& visit) {
  for (const auto& chunk : column.chunks()) {
    switch (chunk->type_id()) {
      case arrow::Type::STRING:
        IOLITE_RETURN_IF_ERROR(VisitTexts<arrow::StringArray>(*chunk, visit));
        break;
      case arrow::Type::LARGE_STRING:
        IOLITE_RETURN_IF_ERROR(VisitTexts<arrow::LargeStringArray>(*chunk, visit));
        break;
      case arrow::Type::STRING_VIEW:
        IOLITE_RETURN_IF_ERROR(VisitTexts<arrow::StringViewArray>(*chunk, visit));
        break;
      default: return Internal("Expected keys as text, not as {}.", chunk->type()->ToString());
    }
  }
  return Status::Ok();
}

Status ForEachInteger(const arrow::ChunkedArray& column,
                      const std::function<void(int64_t)>& visit) {
  for (const auto& chunk : column.chunks()) {
    if (chunk->null_count() > 0) return Internal("Expected row numbers without nulls.");
    switch (chunk->type_id()) {
      case arrow::Type::INT64: VisitIntegers<arrow::Int64Array>(*chunk, visit); break;
      case arrow::Type::UINT64: VisitIntegers<arrow::UInt64Array>(*chunk, visit); break;
      default: return Internal("Expected row numbers, not {}.", chunk->type()->ToString());
    }
  }
  return Status::Ok();
}

}  // namespace iolite::search::internal
