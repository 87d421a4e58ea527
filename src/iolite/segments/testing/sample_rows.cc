#include "iolite/segments/testing/sample_rows.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "iolite/base/hash.h"

namespace iolite::segments::testing {
namespace {

std::shared_ptr<arrow::Array> Strings(const std::vector<std::string>& values) {
  arrow::StringBuilder builder;
  if (!builder.AppendValues(values).ok()) return nullptr;
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> Vectors(const std::vector<float>& values, int32_t dimension) {
  arrow::FloatBuilder builder;
  if (!builder.AppendValues(values).ok()) return nullptr;
  return arrow::FixedSizeListArray::FromArrays(builder.Finish().ValueOrDie(), dimension)
      .ValueOrDie();
}

}  // namespace

std::vector<float> SampleRows::vector(int64_t row) const {
  return {vectors.begin() + row * dimension, vectors.begin() + (row + 1) * dimension};
}

std::shared_ptr<arrow::RecordBatch> SampleRows::PartBatch() const {
  auto vector = Vectors(vectors, dimension);
  auto schema = arrow::schema({arrow::field("_row_id", arrow::utf8(), false),
                               arrow::field("_content_hash", arrow::utf8(), false),
                               arrow::field("vector", vector->type(), false)});
  return arrow::RecordBatch::Make(schema, row_count(),
                                  {Strings(row_ids), Strings(content_hashes), vector});
}

std::shared_ptr<arrow::RecordBatch> SampleRows::SegmentBatch() const {
  auto part = PartBatch();
  auto text = [](const char* name) { return arrow::field(name, arrow::utf8(), false); };
  auto schema = arrow::schema({text("_row_id"), text("_source_id"), text("_model_id"),
                               text("_content_hash"), part->schema()->field(2)});
  std::vector<std::string> sources(row_ids.size(), "papers"), models(row_ids.size(), "model");
  return arrow::RecordBatch::Make(
      schema, row_count(),
      {part->column(0), Strings(sources), Strings(models), part->column(1), part->column(2)});
}

SampleRows MakeSampleRows(Random& random, int64_t row_count, int32_t dimension, int64_t first,
                          const std::string& prefix) {
  SampleRows rows{.dimension = dimension};
  for (int64_t row = 0; row < row_count; ++row) {
    rows.row_ids.push_back(prefix + std::to_string(first + row));
    rows.content_hashes.push_back(ContentHash(rows.row_ids.back()));
    for (int32_t i = 0; i < dimension; ++i) {
      rows.vectors.push_back(static_cast<float>(random.NextUnit() * 2 - 1));
    }
  }
  return rows;
}

}  // namespace iolite::segments::testing
