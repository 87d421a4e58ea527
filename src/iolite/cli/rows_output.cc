#include "iolite/cli/rows_output.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>

#include "iolite/cli/progress_bar.h"
#include "iolite/columnar/arrow_status.h"
#include "iolite/columnar/c_data.h"
#include "iolite/columnar/csv.h"
#include "iolite/columnar/json.h"
#include "iolite/columnar/parquet.h"
#include "iolite/columnar/text_table.h"

namespace iolite::cli {
namespace {

// An aligned table needs its rows in memory; more than a person reads are counted, not shown.
constexpr int64_t kTableRowsMax = 1000;

using Reader = arrow::RecordBatchReader;

Status WriteOut(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) {
    return ErrnoStatus(errno, "Cannot write to stdout");
  }
  return Status::Ok();
}

template <typename Visit>
Status ForEachBatch(Reader& reader, Visit visit) {
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    IOLITE_RETURN_IF_ARROW_ERROR(reader.ReadNext(&batch));
    if (batch == nullptr) return Status::Ok();
    IOLITE_RETURN_IF_ERROR(visit(*batch));
  }
}

Status PrintJson(Reader& reader) {
  std::string text;
  return ForEachBatch(reader, [&text](const arrow::RecordBatch& batch) {
    text.clear();
    columnar::AppendJsonLines(batch, text);
    return WriteOut(text);
  });
}

Status PrintCsv(Reader& reader) {
  std::string text;
  columnar::AppendCsvHeader(*reader.schema(), text);
  IOLITE_RETURN_IF_ERROR(WriteOut(text));
  return ForEachBatch(reader, [&text](const arrow::RecordBatch& batch) {
    text.clear();
    columnar::AppendCsvRows(batch, text);
    return WriteOut(text);
  });
}

bool IsPlan(const arrow::Schema& schema) {
  return schema.num_fields() == 2 && schema.field(0)->name() == "explain_key" &&
         schema.field(1)->name() == "explain_value";
}

// A plan is a drawing of many lines: it is shown as it is, not squeezed into a cell.
Status PrintPlan(Reader& reader) {
  return ForEachBatch(reader, [](const arrow::RecordBatch& batch) -> Status {
    const auto& values = static_cast<const arrow::StringArray&>(*batch.column(1));
    for (int64_t row = 0; row < values.length(); ++row) {
      IOLITE_RETURN_IF_ERROR(WriteOut(values.GetString(row) + "\n"));
    }
    return Status::Ok();
  });
}

Status PrintTable(const Console& console, Reader& reader) {
  if (IsPlan(*reader.schema())) return PrintPlan(reader);
  std::vector<std::shared_ptr<arrow::RecordBatch>> shown;
  int64_t row_count = 0;
  IOLITE_RETURN_IF_ERROR(ForEachBatch(reader, [&](const arrow::RecordBatch& batch) {
    int64_t room = kTableRowsMax - std::min(row_count, kTableRowsMax);
    if (room > 0) shown.push_back(batch.Slice(0, std::min(room, batch.num_rows())));
    row_count += batch.num_rows();
    return Status::Ok();
  }));
  IOLITE_ASSIGN_OR_RETURN_ARROW(auto table,
                                arrow::Table::FromRecordBatches(reader.schema(), shown));
  columnar::TextTableOptions options{.width_max = static_cast<size_t>(console.terminal_width())};
  IOLITE_RETURN_IF_ERROR(WriteOut(columnar::FormatTextTable(*table, options)));
  if (row_count > kTableRowsMax) {
    console.Note(fmt::format("{} more rows; --output csv, json or parquet=FILE gives all",
                             GroupDigits(row_count - kTableRowsMax)));
  }
  return Status::Ok();
}

// Written whole: the file appears under its name when its last row is in it.
Status WriteParquet(const Console& console, Reader& reader) {
  std::string path = console.parquet_path(), draft = path + ".part";
  FILE* file = std::fopen(draft.c_str(), "wb");
  if (file == nullptr) return ErrnoStatus(errno, "Cannot write " + path);
  auto sink = [&](std::string_view bytes) {
    return std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size()
               ? Status::Ok()
               : ErrnoStatus(errno, "Cannot write " + path);
  };
  int64_t row_count = 0;
  Status status = [&]() -> Status {
    IOLITE_ASSIGN_OR_RETURN(auto writer, columnar::ParquetWriter::Make(reader.schema(), sink));
    IOLITE_RETURN_IF_ERROR(ForEachBatch(
        reader, [&](const arrow::RecordBatch& batch) { return writer->Write(batch); }));
    row_count = writer->row_count();
    return writer->Finish();
  }();
  if (std::fclose(file) != 0 && status.ok()) status = ErrnoStatus(errno, "Cannot write " + path);
  if (status.ok() && std::rename(draft.c_str(), path.c_str()) != 0) {
    status = ErrnoStatus(errno, "Cannot write " + path);
  }
  if (!status.ok()) {
    std::remove(draft.c_str());
    return status;
  }
  console.Note(fmt::format("{} rows in {}", GroupDigits(row_count), path));
  return Status::Ok();
}

}  // namespace

Status PrintRows(const Console& console, ArrowStream stream) {
  IOLITE_ASSIGN_OR_RETURN(auto reader, columnar::ImportReader(stream.get()));
  switch (console.format()) {
    case Format::kTable: return PrintTable(console, *reader);
    case Format::kCsv: return PrintCsv(*reader);
    case Format::kJson:
    case Format::kJsonl: return PrintJson(*reader);
    case Format::kParquet: return WriteParquet(console, *reader);
  }
  return Status::Ok();
}

Result<std::shared_ptr<arrow::Table>> ReadAll(ArrowStream stream) {
  if (stream.empty()) return std::shared_ptr<arrow::Table>();
  return columnar::ImportTable(stream.get());
}

}  // namespace iolite::cli
