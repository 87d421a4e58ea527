#include "iolite/pipelines/internal/part_writer.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <utility>

#include "iolite/columnar/arrow_status.h"
#include "iolite/columnar/vector_array.h"

namespace iolite::pipelines {
namespace {

Result<std::shared_ptr<arrow::Array>> StringArray(const std::vector<std::string>& texts) {
  arrow::StringBuilder builder;
  IOLITE_RETURN_IF_ARROW_ERROR(builder.AppendValues(texts));
  IOLITE_ASSIGN_OR_RETURN_ARROW(auto array, builder.Finish());
  return array;
}

}  // namespace

Status PartWriter::Add(std::string_view row_id, std::string_view content_hash,
                       std::span<const float> vector) {
  if (vectors_.capacity() == 0) {
    vectors_.reserve(static_cast<size_t>(options_.row_count_max) * vector.size());
  }
  row_ids_.emplace_back(row_id);
  content_hashes_.emplace_back(content_hash);
  vectors_.insert(vectors_.end(), vector.begin(), vector.end());
  if (static_cast<int64_t>(row_ids_.size()) < options_.row_count_max) return Status::Ok();
  return Flush();
}

Status PartWriter::Flush() {
  if (row_ids_.empty()) return Status::Ok();
  IOLITE_RETURN_IF_ERROR(Begin());
  IOLITE_ASSIGN_OR_RETURN(auto row_ids, StringArray(row_ids_));
  IOLITE_ASSIGN_OR_RETURN(auto content_hashes, StringArray(content_hashes_));
  // The part is on disk when the append returns, so the floats need not be copied for it.
  auto floats = arrow::Buffer::Wrap(vectors_);
  IOLITE_ASSIGN_OR_RETURN(auto vectors, columnar::MakeVectorArray(floats, options_.dimension));
  auto schema = arrow::schema({arrow::field("_row_id", arrow::utf8(), false),
                               arrow::field("_content_hash", arrow::utf8(), false),
                               arrow::field("vector", vectors->type(), false)});
  auto rows =
      arrow::RecordBatch::Make(schema, row_ids->length(), {row_ids, content_hashes, vectors});
  // Work that was done is kept, also when the job is being cancelled.
  IOLITE_RETURN_IF_ERROR(run_->AppendPart(RequestContext(), *rows));
  appended_row_count_ += rows->num_rows();
  row_ids_.clear();
  content_hashes_.clear();
  vectors_.clear();
  return Status::Ok();
}

Status PartWriter::Begin() {
  if (run_) return Status::Ok();
  IOLITE_ASSIGN_OR_RETURN(run_,
                          options_.results->StartRun(options_.table, options_.definition_hash));
  return Status::Ok();
}

Result<results::ResultRun*> PartWriter::Run() {
  IOLITE_RETURN_IF_ERROR(Flush());
  IOLITE_RETURN_IF_ERROR(Begin());
  return run_.get();
}

}  // namespace iolite::pipelines
