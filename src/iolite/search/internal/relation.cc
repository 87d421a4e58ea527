#include "iolite/search/internal/relation.h"

#include <arrow/type.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "iolite/sql/database.h"
#include "iolite/sql/source.h"

namespace iolite::search::internal {
namespace {

bool IsInteger(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() &&
         fmt::format("{}", number) == text;
}

bool IsIntegerType(std::string_view type) {
  for (const std::string_view name : {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT",
                                      "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT"}) {
    if (type == name) return true;
  }
  return false;
}

std::optional<int> FindColumn(const arrow::Schema& schema, const std::string& name) {
  for (int i = 0; i < schema.num_fields(); ++i) {
    if (schema.field(i)->name() == name) return i;
  }
  for (int i = 0; i < schema.num_fields(); ++i) {
    if (EqualIgnoringCase(schema.field(i)->name(), name)) return i;
  }
  return std::nullopt;
}

}  // namespace

bool EqualIgnoringCase(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, [](unsigned char a, unsigned char b) {
    return std::tolower(a) == std::tolower(b);
  });
}

std::string Relation::KeyText() const {
  return fmt::format("CAST({} AS VARCHAR)", sql::QuoteIdentifier(key_column));
}

std::string Relation::KeyIn(std::string_view key_type,
                            std::span<const std::string_view> row_ids) const {
  const bool integers = IsIntegerType(key_type);
  std::string list;
  for (const std::string_view id : row_ids) {
    if (integers && !IsInteger(id)) continue;  // no row of an integer key has it
    if (!list.empty()) list += ',';
    list += integers ? std::string(id) : sql::QuoteLiteral(id);
  }
  if (list.empty()) return "false";
  const bool plain = integers || key_type == "VARCHAR";
  return fmt::format("{} IN ({})", plain ? sql::QuoteIdentifier(key_column) : KeyText(), list);
}

Relation FileRelation(const catalog::SourceEntry& source, std::string_view key_column) {
  const std::string select = sql::SourceSelect(source);
  return {source.name, fmt::format("({}) AS {}", select, sql::QuoteIdentifier(source.name)), select,
          std::string(key_column)};
}

Relation TableRelation(std::string_view name, std::string_view key_column) {
  std::string from;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t dot = std::min(name.find('.', begin), name.size());
    if (!from.empty()) from += '.';
    from += sql::QuoteIdentifier(name.substr(begin, dot - begin));
    begin = dot + 1;
  }
  return {std::string(name), from, "SELECT * FROM " + from, std::string(key_column)};
}

Result<std::vector<int>> SelectColumns(const arrow::Schema& schema,
                                       const std::vector<std::string>& names,
                                       std::string_view source) {
  std::vector<int> columns;
  for (const std::string& name : names) {
    const std::optional<int> column = FindColumn(schema, name);
    if (!column) {
      std::string known;
      for (const auto& field : schema.fields())
        known += (known.empty() ? "" : ", ") + field->name();
      return InvalidArgument("{} has no column \"{}\". Its columns: {}.", source, name, known);
    }
    if (std::ranges::find(columns, *column) == columns.end()) columns.push_back(*column);
  }
  if (names.empty()) {
    for (int i = 0; i < schema.num_fields(); ++i) columns.push_back(i);
  }
  return columns;
}

}  // namespace iolite::search::internal
