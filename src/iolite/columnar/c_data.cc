#include "iolite/columnar/c_data.h"

#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>

#include "iolite/columnar/arrow_status.h"

namespace iolite::columnar {

Status ExportReader(std::shared_ptr<arrow::RecordBatchReader> reader, ArrowArrayStream* out) {
  return FromArrow(arrow::ExportRecordBatchReader(std::move(reader), out));
}

Status ExportTable(const std::shared_ptr<arrow::Table>& table, ArrowArrayStream* out) {
  return ExportReader(std::make_shared<arrow::TableBatchReader>(table), out);
}

Result<std::shared_ptr<arrow::RecordBatchReader>> ImportReader(ArrowArrayStream* stream) {
  return FromArrow(arrow::ImportRecordBatchReader(stream));
}

Result<std::shared_ptr<arrow::Table>> ImportTable(ArrowArrayStream* stream) {
  IOLITE_ASSIGN_OR_RETURN(const auto reader, ImportReader(stream));
  return FromArrow(reader->ToTable());
}

}  // namespace iolite::columnar
