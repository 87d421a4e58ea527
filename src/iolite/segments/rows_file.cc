#include "iolite/segments/rows_file.h"

#include <arrow/array.h>
#include <arrow/io/memory.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/compression.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/properties.h>

#include <utility>

#include "iolite/columnar/arrow_status.h"

namespace iolite::segments {
namespace {

constexpr int64_t kReadRowCount = 8192;

// Columns that repeat one value take a dictionary; ids, hashes and vectors never repeat enough to
// pay for one. Splitting floats into byte streams lets ZSTD see the exponents together.
std::shared_ptr<parquet::WriterProperties> WriterProperties(const arrow::Schema& schema) {
  parquet::WriterProperties::Builder builder;
  builder.compression(parquet::Compression::ZSTD)
      ->compression_level(1)
      ->max_row_group_length(kRowGroupRowCount)
      ->enable_page_checksum()
      ->disable_dictionary()
      ->created_by("iolite");
  for (const char* repeated : {"_source_id", "_model_id"}) builder.enable_dictionary(repeated);
  for (const auto& field : schema.fields()) {
    if (field->type()->id() != arrow::Type::FIXED_SIZE_LIST) continue;
    std::string leaf = field->name() + ".list.element";
    builder.encoding(leaf, parquet::Encoding::BYTE_STREAM_SPLIT)->disable_statistics(leaf);
  }
  return builder.build();
}

class ParquetRowsWriter final : public RowsFileWriter {
 public:
  ParquetRowsWriter(std::shared_ptr<arrow::Schema> schema,
                    std::shared_ptr<ObjectOutputStream> stream,
                    std::unique_ptr<parquet::arrow::FileWriter> writer)
      : schema_(std::move(schema)), stream_(std::move(stream)), writer_(std::move(writer)) {}

  Status Add(std::shared_ptr<arrow::RecordBatch> batch) override {
    row_count_ += batch->num_rows();
    pending_row_count_ += batch->num_rows();
    pending_.push_back(std::move(batch));
    while (pending_row_count_ >= kRowGroupRowCount) {
      IOLITE_RETURN_IF_ERROR(WriteRowGroup(kRowGroupRowCount));
    }
    return Status::Ok();
  }

  Result<ObjectOutputStream::Sealed> Seal() override {
    if (pending_row_count_ > 0) IOLITE_RETURN_IF_ERROR(WriteRowGroup(pending_row_count_));
    try {
      IOLITE_RETURN_IF_ARROW_ERROR(writer_->Close());
    } catch (const parquet::ParquetException& error) {
      return Internal("the Parquet writer failed: {}", error.what());
    }
    return stream_->Seal();
  }

  int64_t row_count() const override { return row_count_; }

 private:
  Status WriteRowGroup(int64_t row_count) {
    IOLITE_ASSIGN_OR_RETURN_ARROW(auto table, arrow::Table::FromRecordBatches(schema_, pending_));
    pending_.clear();
    try {
      IOLITE_RETURN_IF_ARROW_ERROR(
          writer_->WriteTable(*table->Slice(0, row_count), kRowGroupRowCount));
    } catch (const parquet::ParquetException& error) {
      return Internal("the Parquet writer failed: {}", error.what());
    }
    pending_row_count_ -= row_count;
    return KeepRest(*table->Slice(row_count));
  }

  Status KeepRest(const arrow::Table& rest) {
    if (rest.num_rows() == 0) return Status::Ok();
    arrow::TableBatchReader reader(rest);
    std::shared_ptr<arrow::RecordBatch> batch;
    while (true) {
      IOLITE_RETURN_IF_ARROW_ERROR(reader.ReadNext(&batch));
      if (!batch) return Status::Ok();
      pending_.push_back(batch);
    }
  }

  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<ObjectOutputStream> stream_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  std::vector<std::shared_ptr<arrow::RecordBatch>> pending_;
  int64_t pending_row_count_ = 0;
  int64_t row_count_ = 0;
};

Status Damaged(std::string_view path, std::string_view why) {
  return DataLoss("the rows file {} is damaged: {}", path, why);
}

Result<std::unique_ptr<parquet::arrow::FileReader>> OpenReader(const storage::ObjectStore& store,
                                                               std::string_view path) {
  IOLITE_ASSIGN_OR_RETURN(auto object, store.Map(path));
  auto input = std::make_shared<arrow::io::BufferReader>(AsBuffer(std::move(object)));
  auto properties = parquet::default_reader_properties();
  properties.set_page_checksum_verification(true);
  properties.enable_buffered_stream();
  parquet::ArrowReaderProperties arrow_properties;
  arrow_properties.set_batch_size(kReadRowCount);
  arrow_properties.set_pre_buffer(false);
  parquet::arrow::FileReaderBuilder builder;
  IOLITE_RETURN_IF_ARROW_ERROR(builder.Open(std::move(input), properties));
  std::unique_ptr<parquet::arrow::FileReader> reader;
  IOLITE_RETURN_IF_ARROW_ERROR(builder.properties(arrow_properties)->Build(&reader));
  return reader;
}

Result<std::vector<int>> LeafIndices(const parquet::arrow::FileReader& reader,
                                     const std::vector<std::string>& columns) {
  const auto& schema = *reader.parquet_reader()->metadata()->schema();
  std::vector<int> leaves;
  for (const auto& column : columns) {
    size_t before = leaves.size();
    for (int leaf = 0; leaf < schema.num_columns(); ++leaf) {
      if (schema.GetColumnRoot(leaf)->name() == column) leaves.push_back(leaf);
    }
    if (leaves.size() == before) return DataLoss("there is no column {}", column);
  }
  return leaves;
}

Status VisitBatches(const RequestContext& context, const storage::ObjectStore& store,
                    const RowsFileRead& read,
                    const std::function<Status(const arrow::RecordBatch&)>& visit,
                    Status& visit_status) {
  IOLITE_ASSIGN_OR_RETURN(auto reader, OpenReader(store, read.path));
  IOLITE_ASSIGN_OR_RETURN(auto leaves, LeafIndices(*reader, read.columns));
  std::vector<int> groups;
  for (int group = static_cast<int>(read.first_row_group); group < reader->num_row_groups();
       ++group)
    groups.push_back(group);
  IOLITE_ASSIGN_OR_RETURN_ARROW(auto batches, reader->GetRecordBatchReader(groups, leaves));
  while (true) {
    if (visit_status = context.Check(); !visit_status.ok()) return Status::Ok();
    std::shared_ptr<arrow::RecordBatch> batch;
    IOLITE_RETURN_IF_ARROW_ERROR(batches->ReadNext(&batch));
    if (!batch) return Status::Ok();
    if (visit_status = visit(*batch); !visit_status.ok()) return Status::Ok();
  }
}

}  // namespace

Result<std::unique_ptr<RowsFileWriter>> RowsFileWriter::Open(
    storage::ObjectStore& store, std::string_view path, std::shared_ptr<arrow::Schema> schema) {
  IOLITE_ASSIGN_OR_RETURN(auto stream, ObjectOutputStream::Open(store, path));
  auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  try {
    IOLITE_ASSIGN_OR_RETURN_ARROW(
        auto writer, parquet::arrow::FileWriter::Open(*schema, arrow::default_memory_pool(), stream,
                                                      WriterProperties(*schema), arrow_properties));
    return std::make_unique<ParquetRowsWriter>(std::move(schema), std::move(stream),
                                               std::move(writer));
  } catch (const parquet::ParquetException& error) {
    return Internal("the Parquet writer failed: {}", error.what());
  }
}

Status ReadRowsFile(const RequestContext& context, const storage::ObjectStore& store,
                    const RowsFileRead& read,
                    const std::function<Status(const arrow::RecordBatch&)>& visit) {
  Status visit_status;
  try {
    Status status = VisitBatches(context, store, read, visit, visit_status);
    if (status.ok()) return visit_status;
    if (status.code() == StatusCode::kNotFound) return Damaged(read.path, "it is missing");
    return Damaged(read.path, status.message());
  } catch (const parquet::ParquetException& error) {
    return Damaged(read.path, error.what());
  }
}

Result<const float*> VectorValues(const arrow::Array& column, int32_t dimension) {
  if (column.type_id() != arrow::Type::FIXED_SIZE_LIST) {
    return InvalidArgument("vector is {}, not a fixed-size list", column.type()->ToString());
  }
  const auto& list = static_cast<const arrow::FixedSizeListArray&>(column);
  if (list.list_type()->list_size() != dimension) {
    return InvalidArgument("vector has dimension {}, not {}", list.list_type()->list_size(),
                           dimension);
  }
  if (list.values()->type_id() != arrow::Type::FLOAT) {
    return InvalidArgument("vector holds {}, not float", list.values()->type()->ToString());
  }
  if (list.null_count() > 0) return InvalidArgument("vector has nulls");
  const auto& values = static_cast<const arrow::FloatArray&>(*list.values());
  return values.raw_values() + list.offset() * dimension;
}

}  // namespace iolite::segments
