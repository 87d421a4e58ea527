#include "iolite/columnar/parquet.h"

#include <arrow/buffer.h>
#include <arrow/io/file.h>
#include <arrow/io/memory.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <algorithm>

#include "iolite/columnar/arrow_status.h"

namespace iolite::columnar {
namespace {

/// Arrow's idea of a file over a function.
class SinkStream final : public arrow::io::OutputStream {
 public:
  explicit SinkStream(ParquetWriter::Sink sink) : sink_(std::move(sink)) {}
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return size_bytes_; }
  arrow::Status Write(const void* data, int64_t size) override {
    size_bytes_ += size;
    return ToArrow(sink_({static_cast<const char*>(data), static_cast<size_t>(size)}));
  }
  using Writable::Write;
  int64_t size_bytes() const { return size_bytes_; }

 private:
  const ParquetWriter::Sink sink_;
  int64_t size_bytes_ = 0;
  bool closed_ = false;
};

bool IsFloatList(const arrow::DataType& type) {
  if (type.num_fields() != 1) return false;
  const auto id = type.field(0)->type()->id();
  return id == arrow::Type::FLOAT || id == arrow::Type::DOUBLE || id == arrow::Type::HALF_FLOAT;
}

std::shared_ptr<parquet::WriterProperties> PropertiesFor(const arrow::Schema& schema,
                                                         const ParquetWriteOptions& options) {
  parquet::WriterProperties::Builder builder;
  builder.compression(parquet::Compression::ZSTD)
      ->compression_level(options.zstd_level)
      ->max_row_group_length(options.row_group_row_count);
  for (const auto& field : schema.fields()) {
    if (!IsFloatList(*field->type())) continue;
    // Numbers of vectors hardly repeat: a dictionary and bounds of them would only cost.
    const auto leaf = parquet::schema::ColumnPath({field->name(), "list", "element"});
    builder.disable_dictionary(leaf.ToDotString())->disable_statistics(leaf.ToDotString());
  }
  return builder.build();
}

class ArrowParquetWriter final : public ParquetWriter {
 public:
  ArrowParquetWriter(std::shared_ptr<SinkStream> stream,
                     std::unique_ptr<parquet::arrow::FileWriter> writer)
      : stream_(std::move(stream)), writer_(std::move(writer)) {}

  Status Write(const arrow::RecordBatch& batch) override try {
    if (finished_) return FailedPrecondition("The Parquet file was finished; it cannot grow");
    IOLITE_RETURN_IF_ARROW_ERROR(writer_->WriteRecordBatch(batch));
    row_count_ += batch.num_rows();
    return Status();
  } catch (const std::exception& error) {
    return Unknown("Writing Parquet failed: {}", error.what());
  }

  Status Finish() override try {
    if (finished_) return FailedPrecondition("The Parquet file was finished already");
    finished_ = true;
    IOLITE_RETURN_IF_ARROW_ERROR(writer_->Close());
    return Status();
  } catch (const std::exception& error) {
    return Unknown("Writing Parquet failed: {}", error.what());
  }

  int64_t row_count() const override { return row_count_; }
  int64_t size_bytes() const override { return stream_->size_bytes(); }

 private:
  const std::shared_ptr<SinkStream> stream_;
  const std::unique_ptr<parquet::arrow::FileWriter> writer_;
  int64_t row_count_ = 0;
  bool finished_ = false;
};

Status Damaged(const std::string& name, std::string_view reason) {
  return DataLoss("{} is damaged or not a Parquet file ({})", name, reason);
}

/// Our own errors, failures of the machine and the rest: a file that does not say what it should.
Status ReadError(const std::string& name, const arrow::Status& status) {
  const auto ours = FromArrow(status);
  switch (ours.code()) {
    case StatusCode::kNotFound:
    case StatusCode::kPermissionDenied:
    case StatusCode::kResourceExhausted:
    case StatusCode::kCancelled:
    case StatusCode::kUnimplemented: return ours.WithContext(name);
    default: return Damaged(name, ours.message());
  }
}

/// Keeps the file open while it is read and gives its errors a name.
class NamedReader final : public arrow::RecordBatchReader {
 public:
  NamedReader(std::string name, std::unique_ptr<parquet::arrow::FileReader> file,
              std::unique_ptr<arrow::RecordBatchReader> rows)
      : name_(std::move(name)), file_(std::move(file)), rows_(std::move(rows)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return rows_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override try {
    const auto status = rows_->ReadNext(batch);
    return status.ok() ? status : ToArrow(ReadError(name_, status));
  } catch (const std::exception& error) {
    return ToArrow(Damaged(name_, error.what()));
  }

 private:
  const std::string name_;
  const std::unique_ptr<parquet::arrow::FileReader> file_;
  const std::unique_ptr<arrow::RecordBatchReader> rows_;
};

Result<std::vector<int>> LeavesOf(const parquet::SchemaDescriptor& schema,
                                  const std::vector<std::string>& columns,
                                  const std::string& name) {
  std::vector<int> leaves;
  std::vector<std::string> there;
  for (int i = 0; i < schema.num_columns(); ++i) {
    const auto& root = schema.GetColumnRoot(i)->name();
    if (there.empty() || there.back() != root) there.push_back(root);
    const bool chosen = columns.empty() || std::ranges::count(columns, root) != 0;
    if (chosen) leaves.push_back(i);
  }
  for (const auto& column : columns) {
    if (std::ranges::count(there, column) != 0) continue;
    return InvalidArgument("{} has no column '{}'; it has {}", name, column,
                           fmt::join(there, ", "));
  }
  return leaves;
}

Result<std::shared_ptr<arrow::RecordBatchReader>> ReadParquet(
    std::shared_ptr<arrow::io::RandomAccessFile> file, const std::string& name,
    const ParquetReadOptions& options) try {
  parquet::arrow::FileReaderBuilder builder;
  parquet::ReaderProperties pieces;
  if (options.piece_bytes > 0) {
    pieces.enable_buffered_stream();
    pieces.set_buffer_size(options.piece_bytes);
  }
  auto status = builder.Open(std::move(file), pieces);
  if (!status.ok()) return ReadError(name, status);
  parquet::ArrowReaderProperties properties(options.use_threads);
  properties.set_batch_size(options.batch_row_count);
  // Coalesced reads would hold whole row groups of every column ahead of their use.
  properties.set_pre_buffer(false);
  builder.properties(properties);
  auto built = builder.Build();
  if (!built.ok()) return ReadError(name, built.status());
  auto reader = std::move(built).ValueUnsafe();
  const auto& metadata = *reader->parquet_reader()->metadata();
  IOLITE_ASSIGN_OR_RETURN(const auto leaves, LeavesOf(*metadata.schema(), options.columns, name));
  std::vector<int> row_groups(metadata.num_row_groups());
  for (size_t i = 0; i < row_groups.size(); ++i) row_groups[i] = static_cast<int>(i);
  auto rows = reader->GetRecordBatchReader(row_groups, leaves);
  if (!rows.ok()) return ReadError(name, rows.status());
  return std::shared_ptr<arrow::RecordBatchReader>(
      std::make_shared<NamedReader>(name, std::move(reader), std::move(rows).ValueUnsafe()));
} catch (const std::exception& error) {
  return Damaged(name, error.what());
}

}  // namespace

Result<std::unique_ptr<ParquetWriter>> ParquetWriter::Make(std::shared_ptr<arrow::Schema> schema,
                                                           Sink sink,
                                                           const ParquetWriteOptions& options) try {
  auto stream = std::make_shared<SinkStream>(std::move(sink));
  IOLITE_ASSIGN_OR_RETURN_ARROW(
      auto writer,
      parquet::arrow::FileWriter::Open(
          *schema, arrow::default_memory_pool(), stream, PropertiesFor(*schema, options),
          parquet::ArrowWriterProperties::Builder().store_schema()->build()));
  return std::unique_ptr<ParquetWriter>(
      std::make_unique<ArrowParquetWriter>(std::move(stream), std::move(writer)));
} catch (const std::exception& error) {
  return Unknown("Writing Parquet failed: {}", error.what());
}

Result<std::shared_ptr<arrow::RecordBatchReader>> ReadParquetFile(
    const std::string& path, const ParquetReadOptions& options) {
  IOLITE_ASSIGN_OR_RETURN_ARROW(auto file, arrow::io::ReadableFile::Open(path));
  return ReadParquet(std::move(file), path, options);
}

Result<std::shared_ptr<arrow::RecordBatchReader>> ReadParquetBuffer(
    std::shared_ptr<arrow::Buffer> bytes, std::string name, const ParquetReadOptions& options) {
  return ReadParquet(std::make_shared<arrow::io::BufferReader>(std::move(bytes)), name, options);
}

}  // namespace iolite::columnar
