#include "iolite/sql/internal/arrow_bridge.h"

#include <arrow/array/array_base.h>
#include <arrow/array/util.h>
#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <utility>

namespace iolite::sql {
namespace {

void ThrowUnlessOk(const arrow::Status& status) {
  if (!status.ok()) throw duckdb::InvalidInputException("Arrow: " + status.message());
}

template <typename T>
T ValueOrThrow(arrow::Result<T> result) {
  ThrowUnlessOk(result.status());
  return std::move(result).ValueUnsafe();
}

// Extension types (JSON, UUID) become what they are stored as: not every reader of Arrow knows
// them.
void DropMetadata(ArrowSchema& schema) {
  schema.metadata = nullptr;
  for (int64_t i = 0; i < schema.n_children; ++i) DropMetadata(*schema.children[i]);
}

auto ExtensionTypes(duckdb::ClientContext& context, const Types& types) {
  return duckdb::ArrowTypeExtensionData::GetExtensionTypes(context, types);
}

}  // namespace

duckdb::LogicalType ToLogicalType(duckdb::ClientContext& context, const arrow::DataType& type) {
  duckdb::ArrowSchemaWrapper wrapper;
  ThrowUnlessOk(arrow::ExportType(type, &wrapper.arrow_schema));
  const auto arrow_type = duckdb::ArrowType::GetArrowLogicalType(context, wrapper.arrow_schema);
  arrow_type->ThrowIfInvalid();
  return arrow_type->GetDuckType(true);
}

std::shared_ptr<arrow::Schema> ToArrowSchema(duckdb::ClientContext& context, const Types& types,
                                             const Names& names) {
  ArrowSchema schema{};
  duckdb::ClientProperties properties = context.GetClientProperties();
  duckdb::ArrowConverter::ToArrowSchema(&schema, types, names, properties);
  DropMetadata(schema);
  return ValueOrThrow(arrow::ImportSchema(&schema));
}

duckdb::Value ToValue(duckdb::ClientContext& context, const arrow::Scalar& scalar) {
  auto array = ValueOrThrow(arrow::MakeArrayFromScalar(scalar, 1));
  auto schema = arrow::schema({arrow::field("value", array->type())});
  const ArrowColumns columns(context, *schema);
  ChunkReader reader(context, columns, {});
  reader.SetBatch(*arrow::RecordBatch::Make(schema, 1, {std::move(array)}));
  duckdb::DataChunk chunk;
  chunk.Initialize(context, columns.types());
  reader.Read(chunk);
  return chunk.GetValue(0, 0);
}

std::shared_ptr<arrow::Scalar> ToScalar(duckdb::ClientContext& context,
                                        const duckdb::Value& value) {
  const Types types{value.type()};
  duckdb::DataChunk chunk;
  chunk.Initialize(context, types);
  chunk.SetValue(0, 0, value);
  chunk.SetCardinality(1);
  BatchBuilder builder(context, types, ToArrowSchema(context, types, {"value"}));
  builder.Append(chunk, 0, 1);
  return ValueOrThrow(builder.Finish()->column(0)->GetScalar(0));
}

BatchBuilder::BatchBuilder(duckdb::ClientContext& context, Types types,
                           std::shared_ptr<arrow::Schema> schema)
    : context_(context), types_(std::move(types)), schema_(std::move(schema)) {}

void BatchBuilder::Start() {
  appender_ = std::make_unique<duckdb::ArrowAppender>(
      types_, capacity_, context_.GetClientProperties(), ExtensionTypes(context_, types_));
}

void BatchBuilder::Append(duckdb::DataChunk& chunk, duckdb::idx_t begin, duckdb::idx_t end) {
  if (!appender_) Start();
  appender_->Append(chunk, begin, end, chunk.size());
}

duckdb::idx_t BatchBuilder::row_count() const { return appender_ ? appender_->RowCount() : 0; }

std::shared_ptr<arrow::RecordBatch> BatchBuilder::Finish() {
  if (!appender_) Start();
  capacity_ = std::max<duckdb::idx_t>(appender_->RowCount(), STANDARD_VECTOR_SIZE);
  ArrowArray array = appender_->Finalize();
  appender_.reset();
  return ValueOrThrow(arrow::ImportRecordBatch(&array, schema_));
}

ArrowColumns::ArrowColumns(duckdb::ClientContext& context, const arrow::Schema& schema) {
  duckdb::ArrowSchemaWrapper wrapper;
  ThrowUnlessOk(arrow::ExportSchema(schema, &wrapper.arrow_schema));
  duckdb::ArrowTableFunction::PopulateArrowTableSchema(context, table_, wrapper.arrow_schema);
}

ChunkReader::ChunkReader(duckdb::ClientContext& context, const ArrowColumns& columns,
                         duckdb::vector<duckdb::column_t> column_ids)
    : columns_(columns), state_(duckdb::make_uniq<duckdb::ArrowArrayWrapper>(), context) {
  state_.column_ids = std::move(column_ids);
}

void ChunkReader::SetBatch(const arrow::RecordBatch& batch) {
  auto wrapper = duckdb::make_shared_ptr<duckdb::ArrowArrayWrapper>();
  ThrowUnlessOk(arrow::ExportRecordBatch(batch, &wrapper->arrow_array));
  state_.Reset();
  state_.chunk = std::move(wrapper);
}

duckdb::idx_t ChunkReader::Read(duckdb::DataChunk& chunk) {
  const auto left =
      static_cast<duckdb::idx_t>(state_.chunk->arrow_array.length) - state_.chunk_offset;
  const duckdb::idx_t row_count = duckdb::MinValue<duckdb::idx_t>(STANDARD_VECTOR_SIZE, left);
  chunk.SetCardinality(row_count);
  if (row_count == 0) return 0;
  duckdb::ArrowTableFunction::ArrowToDuckDB(state_, columns_.map(), chunk, false);
  state_.chunk_offset += row_count;
  return row_count;
}

}  // namespace iolite::sql
