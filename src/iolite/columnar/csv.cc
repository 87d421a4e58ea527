#include "iolite/columnar/csv.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "iolite/columnar/internal/value_text.h"
#include "iolite/columnar/json.h"

namespace iolite::columnar {
namespace {

void AppendField(std::string_view text, std::string& out) {
  // A field with spaces at its ends is quoted too, because some readers trim.
  const bool quoted = text.empty() || text.find_first_of(",\"\r\n") != std::string_view::npos ||
                      text.front() == ' ' || text.back() == ' ';
  if (!quoted) {
    out += text;
    return;
  }
  out += '"';
  for (const char byte : text) {
    if (byte == '"') out += '"';
    out += byte;
  }
  out += '"';
}

void AppendValue(const arrow::Array& column, int64_t row, std::string& out) {
  if (column.IsNull(row)) return;
  std::string_view bytes;
  if (internal::GetBytes(column, row, /*binary=*/false, bytes)) return AppendField(bytes, out);
  if (internal::AppendNumeric(column, row, out)) return;
  if (internal::AppendTemporal(column, row, out)) return;
  std::string text;
  AppendJsonValue(column, row, text);
  // A string out of a dictionary or an extension comes in JSON's quotes; binary has nothing to
  // escape.
  if (column.type_id() == arrow::Type::DICTIONARY) {
    const auto& encoded = static_cast<const arrow::DictionaryArray&>(column);
    return AppendValue(*encoded.dictionary(), encoded.GetValueIndex(row), out);
  }
  if (internal::GetBytes(column, row, /*binary=*/true, bytes)) {
    text = text.substr(1, text.size() - 2);
  }
  AppendField(text, out);
}

}  // namespace

void AppendCsvHeader(const arrow::Schema& schema, std::string& out) {
  for (int i = 0; i < schema.num_fields(); ++i) {
    if (i != 0) out += ',';
    AppendField(schema.field(i)->name(), out);
  }
  out += '\n';
}

void AppendCsvRows(const arrow::RecordBatch& batch, std::string& out) {
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    for (int i = 0; i < batch.num_columns(); ++i) {
      if (i != 0) out += ',';
      AppendValue(*batch.column(i), row, out);
    }
    out += '\n';
  }
}

}  // namespace iolite::columnar
