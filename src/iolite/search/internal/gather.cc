#include "iolite/search/internal/gather.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>

#include <vector>

#include "iolite/columnar/arrow_status.h"

namespace iolite::search::internal {

Result<std::shared_ptr<arrow::Array>> Gather(const std::shared_ptr<arrow::DataType>& type,
                                             std::span<const ValueAt> values) {
  IOLITE_ASSIGN_OR_RETURN_ARROW(const std::unique_ptr<arrow::ArrayBuilder> builder,
                                arrow::MakeBuilder(type));
  IOLITE_RETURN_IF_ARROW_ERROR(builder->Reserve(static_cast<int64_t>(values.size())));
  for (const ValueAt& value : values) {
    if (value.array == nullptr) {
      IOLITE_RETURN_IF_ARROW_ERROR(builder->AppendNull());
    } else {
      IOLITE_RETURN_IF_ARROW_ERROR(builder->AppendArraySlice(*value.array->data(), value.index, 1));
    }
  }
  IOLITE_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> array, builder->Finish());
  return array;
}

Result<std::shared_ptr<arrow::Array>> GatherRows(const arrow::ChunkedArray& column,
                                                 std::span<const int64_t> rows) {
  std::vector<ValueAt> values(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    int64_t left = rows[i];
    if (left < 0) continue;
    int chunk = 0;
    while (left >= column.chunk(chunk)->length()) left -= column.chunk(chunk++)->length();
    values[i] = {column.chunk(chunk).get(), left};
  }
  return Gather(column.type(), values);
}

}  // namespace iolite::search::internal
