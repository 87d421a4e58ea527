#include "iolite/results/internal/run_parts.h"

#include <arrow/array.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <utility>

#include "iolite/base/log.h"
#include "iolite/columnar/arrow_status.h"
#include "iolite/results/internal/table_files.h"
#include "iolite/segments/object_stream.h"
#include "iolite/segments/rows_file.h"

namespace iolite::results {
namespace {

const char* const kColumns[] = {"_row_id", "_content_hash", "vector"};

const arrow::StringArray& Strings(const arrow::RecordBatch& rows, int column) {
  return static_cast<const arrow::StringArray&>(*rows.column(column));
}

// The batch with exactly the columns of a part, checked.
Result<std::shared_ptr<arrow::RecordBatch>> PartRows(const arrow::RecordBatch& rows) {
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  for (const char* name : kColumns) {
    auto column = rows.GetColumnByName(name);
    if (!column) return InvalidArgument("the rows of a part have no column {}", name);
    if (column->null_count() > 0) return InvalidArgument("the column {} of a part has nulls", name);
    fields.push_back(arrow::field(name, column->type(), /*nullable=*/false));
    columns.push_back(std::move(column));
  }
  for (int column : {0, 1}) {
    if (columns[column]->type_id() != arrow::Type::STRING) {
      return InvalidArgument("the column {} of a part is {}, not a string", kColumns[column],
                             columns[column]->type()->ToString());
    }
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), rows.num_rows(), columns);
}

Result<int32_t> Dimension(const arrow::RecordBatch& rows) {
  const auto& type = *rows.column(2)->type();
  if (type.id() != arrow::Type::FIXED_SIZE_LIST) {
    return InvalidArgument("the column vector of a part is {}, not a fixed-size list of float",
                           type.ToString());
  }
  int32_t dimension = static_cast<const arrow::FixedSizeListType&>(type).list_size();
  auto values = segments::VectorValues(*rows.column(2), dimension);
  if (!values.ok()) return values.status();
  return dimension;
}

Result<std::shared_ptr<arrow::RecordBatch>> ParsePart(std::shared_ptr<arrow::Buffer> bytes) {
  auto input = std::make_shared<arrow::io::BufferReader>(std::move(bytes));
  IOLITE_ASSIGN_OR_RETURN_ARROW(auto reader, arrow::ipc::RecordBatchFileReader::Open(input));
  if (reader->num_record_batches() != 1) return DataLoss("it has not one batch");
  IOLITE_ASSIGN_OR_RETURN_ARROW(auto rows, reader->ReadRecordBatch(0));
  IOLITE_RETURN_IF_ARROW_ERROR(rows->Validate());
  IOLITE_ASSIGN_OR_RETURN(rows, PartRows(*rows));
  IOLITE_ASSIGN_OR_RETURN([[maybe_unused]] int32_t dimension, Dimension(*rows));
  return rows;
}

}  // namespace

Status RunParts::Append(const arrow::RecordBatch& rows) {
  IOLITE_ASSIGN_OR_RETURN(auto part, PartRows(rows));
  IOLITE_ASSIGN_OR_RETURN(int32_t dimension, Dimension(*part));
  if (dimension_ != 0 && dimension != dimension_) {
    return InvalidArgument("a part has vectors of dimension {}, the run before it {}", dimension,
                           dimension_);
  }
  std::string path = PartPath(table_, next_index_);
  IOLITE_ASSIGN_OR_RETURN(auto stream, segments::ObjectOutputStream::Open(store_, path));
  IOLITE_ASSIGN_OR_RETURN_ARROW(auto writer, arrow::ipc::MakeFileWriter(stream, part->schema()));
  IOLITE_RETURN_IF_ARROW_ERROR(writer->WriteRecordBatch(*part));
  IOLITE_RETURN_IF_ARROW_ERROR(writer->Close());
  IOLITE_RETURN_IF_ERROR(stream->Seal().status());
  for (int64_t row = 0; row < part->num_rows() && !recovered_.empty(); ++row) {
    DropRecovered(Strings(*part, 0).GetView(row));
  }
  parts_.push_back({.path = std::move(path)});
  ++next_index_;
  row_count_ += part->num_rows();
  dimension_ = dimension;
  return Status::Ok();
}

Status RunParts::Recover() {
  IOLITE_ASSIGN_OR_RETURN(auto objects, store_.List(fmt::format("{}{}.part-", kFolder, table_)));
  std::vector<int64_t> indices;
  for (const auto& object : objects) {
    if (auto index = PartIndex(table_, object.path)) indices.push_back(*index);
  }
  std::sort(indices.begin(), indices.end());
  for (int64_t index : indices) {
    next_index_ = index + 1;
    IOLITE_RETURN_IF_ERROR(RecoverPart(PartPath(table_, index)));
  }
  return Status::Ok();
}

Status RunParts::RecoverPart(const std::string& path) {
  auto rows = Read(path);
  if (rows.status().code() == StatusCode::kDataLoss) {
    LogWarning("{}; it is removed and its rows are made again", rows.status().message());
    return store_.Delete(path);
  }
  if (!rows.ok()) return rows.status();
  IOLITE_ASSIGN_OR_RETURN(dimension_, Dimension(**rows));
  parts_.push_back({.path = path});
  row_count_ += (*rows)->num_rows();
  EnterRecovered(parts_.size() - 1, **rows);
  return Status::Ok();
}

void RunParts::EnterRecovered(size_t part, const arrow::RecordBatch& rows) {
  for (int64_t row = 0; row < rows.num_rows(); ++row) {
    std::string_view row_id = Strings(rows, 0).GetView(row);
    DropRecovered(row_id);
    recovered_.emplace(row_id, Place{part, static_cast<uint32_t>(row)});
  }
}

void RunParts::DropRecovered(std::string_view row_id) {
  auto found = recovered_.find(std::string(row_id));
  if (found == recovered_.end()) return;
  parts_[found->second.part].dropped.Add(found->second.row);
  --row_count_;
  recovered_.erase(found);
}

Status RunParts::ForEach(
    const std::function<Status(std::shared_ptr<arrow::RecordBatch>)>& visit) const {
  for (const auto& part : parts_) {
    IOLITE_ASSIGN_OR_RETURN(auto rows, Read(part.path));
    int64_t begin = 0;
    Status status;
    auto visit_until = [&](int64_t end) {
      if (status.ok() && end > begin) status = visit(rows->Slice(begin, end - begin));
    };
    part.dropped.ForEach([&](uint32_t row) {
      visit_until(row);
      begin = row + 1;
    });
    visit_until(rows->num_rows());
    if (!status.ok()) return status;
  }
  return Status::Ok();
}

Result<std::shared_ptr<arrow::RecordBatch>> RunParts::Read(const std::string& path) const {
  IOLITE_ASSIGN_OR_RETURN(auto object, store_.Map(path));
  auto rows = ParsePart(segments::AsBuffer(std::move(object)));
  if (!rows.ok()) return DataLoss("{} is torn: {}", path, rows.status().message());
  return rows;
}

}  // namespace iolite::results
