#include "iolite/columnar/json.h"

#include <arrow/array.h>
#include <arrow/extension_type.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <cmath>

#include "iolite/columnar/internal/utf8.h"
#include "iolite/columnar/internal/value_text.h"

namespace iolite::columnar {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

void AppendEscaped(char byte, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  switch (byte) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default:
      out += "\\u00";
      out += kHex[byte >> 4 & 15];
      out += kHex[byte & 15];
  }
}

bool IsPlain(char byte) {
  const auto value = static_cast<unsigned char>(byte);
  return value >= 0x20 && value < 0x80 && byte != '"' && byte != '\\';
}

template <typename ListArray>
void AppendList(const arrow::Array& column, int64_t row, std::string& out) {
  const auto& lists = static_cast<const ListArray&>(column);
  const int64_t begin = lists.value_offset(row), end = begin + lists.value_length(row);
  out += '[';
  for (int64_t i = begin; i < end; ++i) {
    if (i != begin) out += ',';
    AppendJsonValue(*lists.values(), i, out);
  }
  out += ']';
}

void AppendStruct(const arrow::Array& column, int64_t row, std::string& out) {
  const auto& structs = static_cast<const arrow::StructArray&>(column);
  out += '{';
  for (int i = 0; i < structs.num_fields(); ++i) {
    if (i != 0) out += ',';
    AppendJsonString(structs.type()->field(i)->name(), out);
    out += ':';
    AppendJsonValue(*structs.field(i), row, out);
  }
  out += '}';
}

void AppendMap(const arrow::Array& column, int64_t row, std::string& out) {
  const auto& maps = static_cast<const arrow::MapArray&>(column);
  const auto key_type = maps.map_type()->key_type()->id();
  const bool as_object = key_type == arrow::Type::STRING || key_type == arrow::Type::LARGE_STRING;
  const int64_t begin = maps.value_offset(row), end = begin + maps.value_length(row);
  out += as_object ? '{' : '[';
  for (int64_t i = begin; i < end; ++i) {
    if (i != begin) out += ',';
    if (!as_object) out += "{\"key\":";
    AppendJsonValue(*maps.keys(), i, out);
    out += as_object ? ":" : ",\"value\":";
    AppendJsonValue(*maps.items(), i, out);
    if (!as_object) out += '}';
  }
  out += as_object ? '}' : ']';
}

void AppendUnion(const arrow::Array& column, int64_t row, std::string& out) {
  const auto& members = static_cast<const arrow::UnionArray&>(column);
  const int child = members.child_id(row);
  const bool dense = column.type_id() == arrow::Type::DENSE_UNION;
  const int64_t index =
      dense ? static_cast<const arrow::DenseUnionArray&>(column).value_offset(row) : row;
  AppendJsonValue(*members.field(child), index, out);
}

void AppendNested(const arrow::Array& column, int64_t row, std::string& out) {
  switch (column.type_id()) {
    case arrow::Type::LIST: return AppendList<arrow::ListArray>(column, row, out);
    case arrow::Type::LARGE_LIST: return AppendList<arrow::LargeListArray>(column, row, out);
    case arrow::Type::LIST_VIEW: return AppendList<arrow::ListViewArray>(column, row, out);
    case arrow::Type::LARGE_LIST_VIEW:
      return AppendList<arrow::LargeListViewArray>(column, row, out);
    case arrow::Type::FIXED_SIZE_LIST:
      return AppendList<arrow::FixedSizeListArray>(column, row, out);
    case arrow::Type::STRUCT: return AppendStruct(column, row, out);
    case arrow::Type::MAP: return AppendMap(column, row, out);
    case arrow::Type::SPARSE_UNION:
    case arrow::Type::DENSE_UNION: return AppendUnion(column, row, out);
    case arrow::Type::DICTIONARY: {
      const auto& encoded = static_cast<const arrow::DictionaryArray&>(column);
      return AppendJsonValue(*encoded.dictionary(), encoded.GetValueIndex(row), out);
    }
    case arrow::Type::RUN_END_ENCODED: {
      const auto& encoded = static_cast<const arrow::RunEndEncodedArray&>(column);
      const auto run = encoded.Slice(row, 1);
      const auto& one = static_cast<const arrow::RunEndEncodedArray&>(*run);
      return AppendJsonValue(*one.values(), one.FindPhysicalOffset(), out);
    }
    case arrow::Type::EXTENSION:
      return AppendJsonValue(*static_cast<const arrow::ExtensionArray&>(column).storage(), row,
                             out);
    default: out += "null";
  }
}

bool IsNotFinite(const arrow::Array& column, int64_t row) {
  if (column.type_id() == arrow::Type::DOUBLE) {
    return !std::isfinite(static_cast<const arrow::DoubleArray&>(column).Value(row));
  }
  if (column.type_id() == arrow::Type::FLOAT) {
    return !std::isfinite(static_cast<const arrow::FloatArray&>(column).Value(row));
  }
  if (column.type_id() == arrow::Type::HALF_FLOAT) {
    constexpr uint16_t kExponent = 0x7C00;  // all ones in NaN and infinity only
    const uint16_t bits = static_cast<const arrow::HalfFloatArray&>(column).Value(row);
    return (bits & kExponent) == kExponent;
  }
  return false;
}

void PutInQuotes(size_t begin, std::string& out) {
  out.insert(begin, 1, '"');
  out += '"';
}

}  // namespace

void AppendJsonString(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    size_t plain = 0;
    while (plain < text.size() && IsPlain(text[plain])) ++plain;
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto step = internal::NextCharacter(text);
    if (!step.valid) {
      out += kReplacement;
    } else if (step.size_bytes == 1) {
      AppendEscaped(text[0], out);
    } else {
      out.append(text.substr(0, step.size_bytes));
    }
    text.remove_prefix(step.size_bytes);
  }
  out += '"';
}

void AppendJsonNumber(double value, std::string& out) {
  if (!std::isfinite(value)) {
    out += "null";
  } else {
    internal::AppendFloat(value, out);
  }
}

void AppendJsonNumber(float value, std::string& out) {
  if (!std::isfinite(value)) {
    out += "null";
  } else {
    internal::AppendFloat(value, out);
  }
}

void AppendJsonValue(const arrow::Array& column, int64_t row, std::string& out) {
  if (column.IsNull(row) || IsNotFinite(column, row)) {
    out += "null";
    return;
  }
  if (column.type_id() == arrow::Type::BOOL) {
    out += static_cast<const arrow::BooleanArray&>(column).Value(row) ? "true" : "false";
    return;
  }
  if (internal::AppendNumeric(column, row, out)) return;
  std::string_view bytes;
  if (internal::GetBytes(column, row, /*binary=*/false, bytes)) return AppendJsonString(bytes, out);
  const size_t begin = out.size();
  if (internal::GetBytes(column, row, /*binary=*/true, bytes)) {
    internal::AppendBase64(bytes, out);
    return PutInQuotes(begin, out);
  }
  if (internal::AppendTemporal(column, row, out)) return PutInQuotes(begin, out);
  AppendNested(column, row, out);
}

void AppendJsonObject(const arrow::RecordBatch& batch, int64_t row, std::string& out) {
  out += '{';
  for (int i = 0; i < batch.num_columns(); ++i) {
    if (i != 0) out += ',';
    AppendJsonString(batch.column_name(i), out);
    out += ':';
    AppendJsonValue(*batch.column(i), row, out);
  }
  out += '}';
}

void AppendJsonLines(const arrow::RecordBatch& batch, std::string& out) {
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    AppendJsonObject(batch, row, out);
    out += '\n';
  }
}

}  // namespace iolite::columnar
