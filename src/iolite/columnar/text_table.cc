#include "iolite/columnar/text_table.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "iolite/columnar/internal/value_text.h"
#include "iolite/columnar/json.h"
#include "iolite/columnar/text_width.h"

namespace iolite::columnar {
namespace {

constexpr size_t kUnbounded = std::numeric_limits<size_t>::max();
constexpr std::string_view kBetween = "  ";
constexpr size_t kColumnWidthMin = 4;  // cut no column below this to make a line fit

struct Column {
  std::vector<std::string> cells;  // the header first
  bool to_the_right = false;
  size_t width = 0;
};

std::string OnOneLine(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(
      line, [](char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F; }, ' ');
  return line;
}

std::string CellText(const arrow::Array& column, int64_t row) {
  if (column.IsNull(row)) return "NULL";
  std::string_view bytes;
  if (internal::GetBytes(column, row, /*binary=*/false, bytes)) return OnOneLine(bytes);
  std::string text;
  if (internal::AppendNumeric(column, row, text)) return text;
  if (internal::AppendTemporal(column, row, text)) return text;
  if (column.type_id() == arrow::Type::DICTIONARY) {
    const auto& encoded = static_cast<const arrow::DictionaryArray&>(column);
    return CellText(*encoded.dictionary(), encoded.GetValueIndex(row));
  }
  AppendJsonValue(column, row, text);
  return OnOneLine(text);
}

bool IsNumeric(const arrow::DataType& type) {
  return arrow::is_integer(type.id()) || arrow::is_floating(type.id()) ||
         arrow::is_decimal(type.id());
}

Column ReadColumn(const arrow::Table& table, int index, int64_t row_count, size_t width_max) {
  const auto& chunks = *table.column(index);
  Column column;
  column.to_the_right = IsNumeric(*chunks.type());
  column.cells.push_back(TruncateToWidth(OnOneLine(table.field(index)->name()), width_max));
  for (const auto& chunk : chunks.chunks()) {
    for (int64_t row = 0; row < chunk->length(); ++row) {
      if (static_cast<int64_t>(column.cells.size()) > row_count) break;
      column.cells.push_back(TruncateToWidth(CellText(*chunk, row), width_max));
    }
  }
  for (const auto& cell : column.cells) column.width = std::max(column.width, DisplayWidth(cell));
  return column;
}

/// Takes from the widest columns until a line fits, or nothing more can be taken.
void Fit(std::vector<Column>& columns, size_t width_max) {
  if (columns.empty()) return;
  size_t line = kBetween.size() * (columns.size() - 1);
  for (const auto& column : columns) line += column.width;
  while (line > width_max) {
    auto& widest = *std::ranges::max_element(columns, {}, &Column::width);
    if (widest.width <= kColumnWidthMin) return;
    --widest.width;
    --line;
  }
  for (auto& column : columns) {
    for (auto& cell : column.cells) cell = TruncateToWidth(cell, column.width);
  }
}

std::string Line(const std::vector<Column>& columns, size_t row) {
  std::string line;
  for (const auto& column : columns) {
    if (&column != &columns.front()) line += kBetween;
    const auto& cell = column.cells[row];
    const std::string padding(column.width - std::min(column.width, DisplayWidth(cell)), ' ');
    line += column.to_the_right ? padding + cell : cell + padding;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

std::string Rule(const std::vector<Column>& columns) {
  std::string rule;
  for (const auto& column : columns) {
    if (&column != &columns.front()) rule += kBetween;
    for (size_t i = 0; i < column.width; ++i) rule += "─";
  }
  return rule + '\n';
}

}  // namespace

std::string FormatTextTable(const arrow::Table& table, const TextTableOptions& options) {
  const int64_t row_count = options.row_count_max == 0
                                ? table.num_rows()
                                : std::min(table.num_rows(), options.row_count_max);
  const size_t cell_width = options.cell_width_max == 0 ? kUnbounded : options.cell_width_max;
  std::vector<Column> columns;
  for (int i = 0; i < table.num_columns(); ++i) {
    columns.push_back(ReadColumn(table, i, row_count, cell_width));
  }
  if (options.width_max != 0) Fit(columns, options.width_max);
  if (columns.empty()) return {};
  std::string text = Line(columns, 0) + Rule(columns);
  for (int64_t row = 0; row < row_count; ++row) text += Line(columns, static_cast<size_t>(row) + 1);
  if (row_count < table.num_rows()) {
    text +=
        fmt::format("… and {} more of {} rows\n", table.num_rows() - row_count, table.num_rows());
  }
  return text;
}

}  // namespace iolite::columnar
