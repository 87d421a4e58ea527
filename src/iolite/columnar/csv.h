#pragma once

#include <arrow/type_fwd.h>

#include <string>

/// Rows as CSV (RFC 4180, with line feeds). Values are spelt as in json.h; nothing at all stands
/// for null, "" for an empty string; lists, structs and maps are JSON in quotes.

namespace iolite::columnar {

void AppendCsvHeader(const arrow::Schema& schema, std::string& out);
void AppendCsvRows(const arrow::RecordBatch& batch, std::string& out);

}  // namespace iolite::columnar
