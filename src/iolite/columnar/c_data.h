#pragma once

#include <arrow/type_fwd.h>

#include <memory>

#include "iolite/base/status.h"

struct ArrowArrayStream;

/// Tables in and out of the process's other languages and libraries: Arrow's C stream
/// (https://arrow.apache.org/docs/format/CStreamInterface.html). No bytes are copied.

namespace iolite::columnar {

/// Fills `out`; whoever reads it calls its `release`.
Status ExportReader(std::shared_ptr<arrow::RecordBatchReader> reader, ArrowArrayStream* out);
Status ExportTable(const std::shared_ptr<arrow::Table>& table, ArrowArrayStream* out);

/// Takes the stream over, also when it fails; `stream->release` is null afterwards.
Result<std::shared_ptr<arrow::RecordBatchReader>> ImportReader(ArrowArrayStream* stream);
Result<std::shared_ptr<arrow::Table>> ImportTable(ArrowArrayStream* stream);

}  // namespace iolite::columnar
