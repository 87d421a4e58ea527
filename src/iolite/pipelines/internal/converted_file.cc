#include "iolite/pipelines/internal/converted_file.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/io/file.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <utility>

#include "iolite/columnar/arrow_status.h"
#include "iolite/columnar/parquet.h"
#include "iolite/results/table_name.h"
#include "iolite/segments/object_stream.h"

namespace iolite::pipelines {
namespace {

constexpr int64_t kBatchRowCount = 65'536;
constexpr size_t kNameBytesMax = 120;

Result<std::shared_ptr<arrow::RecordBatchReader>> OpenArrow(const std::string& path) {
  auto mapped = storage::Disk::System().Map(path);
  if (mapped.status().code() == StatusCode::kNotFound) {
    return NotFound("There is no file {}. Check the path", path);
  }
  if (!mapped.ok()) return mapped.status();
  auto bytes = segments::AsBuffer(std::move(*mapped));
  auto file =
      arrow::ipc::RecordBatchFileReader::Open(std::make_shared<arrow::io::BufferReader>(bytes));
  if (file.ok()) {
    IOLITE_ASSIGN_OR_RETURN_ARROW(auto batches, (*file)->ToRecordBatches());
    IOLITE_ASSIGN_OR_RETURN_ARROW(
        auto reader, arrow::RecordBatchReader::Make(std::move(batches), (*file)->schema()));
    return reader;
  }
  auto stream =
      arrow::ipc::RecordBatchStreamReader::Open(std::make_shared<arrow::io::BufferReader>(bytes));
  if (stream.ok()) return std::shared_ptr<arrow::RecordBatchReader>(std::move(*stream));
  return InvalidArgument("{} is no Arrow file: {}", path, file.status().message());
}

/// Numbers from 0 on.
class RowNumbers final : public arrow::RecordBatchReader {
 public:
  RowNumbers(std::string_view name, int64_t row_count)
      : schema_(arrow::schema({arrow::field(std::string(name), arrow::int64(), false)})),
        row_count_(row_count) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    batch->reset();
    int64_t count = std::min(kBatchRowCount, row_count_ - next_);
    if (count == 0) return arrow::Status::OK();
    arrow::Int64Builder builder;
    for (int64_t i = 0; i < count; ++i) ARROW_RETURN_NOT_OK(builder.Append(next_ + i));
    ARROW_ASSIGN_OR_RAISE(auto numbers, builder.Finish());
    next_ += count;
    *batch = arrow::RecordBatch::Make(schema_, count, {std::move(numbers)});
    return arrow::Status::OK();
  }

 private:
  const std::shared_ptr<arrow::Schema> schema_;
  const int64_t row_count_;
  int64_t next_ = 0;
};

}  // namespace

Result<std::unique_ptr<ConvertedFile>> ConvertedFile::OfArrow(const RequestContext& context,
                                                              storage::ObjectStore* store,
                                                              std::string_view name,
                                                              const std::string& arrow_path) {
  IOLITE_ASSIGN_OR_RETURN(auto rows, OpenArrow(arrow_path));
  auto converted = Write(context, store, name, *rows);
  if (converted.status().code() != StatusCode::kUnknown) return converted;
  return InvalidArgument("{} cannot be read: {}", arrow_path, converted.status().message());
}

Result<std::unique_ptr<ConvertedFile>> ConvertedFile::OfRowNumbers(storage::ObjectStore* store,
                                                                   std::string_view name,
                                                                   std::string_view key_column,
                                                                   int64_t row_count) {
  RowNumbers rows(key_column, row_count);
  return Write(RequestContext(), store, name, rows);
}

Result<std::unique_ptr<ConvertedFile>> ConvertedFile::Write(const RequestContext& context,
                                                            storage::ObjectStore* store,
                                                            std::string_view name,
                                                            arrow::RecordBatchReader& rows) {
  if (!store) return Unimplemented("This database has no place for converted files");
  std::unique_ptr<ConvertedFile> file(new ConvertedFile(*store));
  file->path_ = fmt::format("imports/{}.parquet", results::FileNamePart(name, kNameBytesMax));
  auto local_path = store->LocalPath(file->path_);
  if (!local_path) return Unimplemented("{} is not a file, so SQL cannot read it", file->path_);
  file->local_path_ = *local_path;
  IOLITE_RETURN_IF_ERROR(store->Delete(file->path_));  // of an import that was interrupted
  IOLITE_ASSIGN_OR_RETURN(auto object, store->Write(file->path_));
  IOLITE_ASSIGN_OR_RETURN(auto writer,
                          columnar::ParquetWriter::Make(rows.schema(), [&](std::string_view bytes) {
                            return object->Append(bytes);
                          }));
  while (true) {
    IOLITE_RETURN_IF_ERROR(context.Check());
    std::shared_ptr<arrow::RecordBatch> batch;
    IOLITE_RETURN_IF_ARROW_ERROR(rows.ReadNext(&batch));
    if (!batch) break;
    IOLITE_RETURN_IF_ERROR(writer->Write(*batch));
  }
  IOLITE_RETURN_IF_ERROR(writer->Finish());
  IOLITE_RETURN_IF_ERROR(object->Seal().status());
  return file;
}

ConvertedFile::~ConvertedFile() {
  if (!kept_) (void)store_.Delete(path_);
}

}  // namespace iolite::pipelines
