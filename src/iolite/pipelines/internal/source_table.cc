#include "iolite/pipelines/internal/source_table.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "iolite/sql/source.h"

namespace iolite::pipelines {
namespace {

char LowerAscii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool EqualNames(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return LowerAscii(x) == LowerAscii(y); });
}

// `papers.public.papers` is another name of `papers`.
std::string_view ShortName(std::string_view name) {
  constexpr std::string_view kMiddle = ".public.";
  size_t middle = name.find(kMiddle);
  if (middle == std::string_view::npos) return name;
  std::string_view last = name.substr(middle + kMiddle.size());
  return EqualNames(name.substr(0, middle), last) ? last : name;
}

std::string QuotedParts(std::string_view name) {
  std::string quoted;
  for (size_t begin = 0; begin <= name.size();) {
    size_t dot = std::min(name.find('.', begin), name.size());
    quoted += (quoted.empty() ? "" : ".") + sql::QuoteIdentifier(name.substr(begin, dot - begin));
    begin = dot + 1;
  }
  return quoted;
}

Result<std::vector<std::string>> ColumnsOf(const RequestContext& context,
                                           const PipelineOptions& options,
                                           const std::string& from) {
  IOLITE_ASSIGN_OR_RETURN(auto session, options.database->Connect());
  IOLITE_ASSIGN_OR_RETURN(auto rows,
                          session->Query(context, fmt::format("SELECT * FROM {} LIMIT 0", from)));
  return rows->schema()->field_names();
}

std::string FirstText(const arrow::Table& table, int column) {
  auto scalar = table.column(column)->GetScalar(0);
  return scalar.ok() ? (*scalar)->ToString() : std::string();
}

int64_t FirstNumber(const arrow::Table& table, int column) {
  auto scalar = table.column(column)->GetScalar(0);
  if (!scalar.ok() || !(*scalar)->is_valid) return 0;
  auto number = (*scalar)->CastTo(arrow::int64());
  return number.ok() ? static_cast<const arrow::Int64Scalar&>(**number).value : 0;
}

Status NoSuchSource(const RequestContext& context, const PipelineOptions& options,
                    std::string_view name) {
  std::vector<std::string> sources, tables;
  if (auto listed = options.catalog->ListSources(); listed.ok()) {
    for (const auto& source : *listed) sources.push_back(source.name);
  }
  if (auto session = options.database->Connect(); session.ok()) {
    auto listed = (*session)->QueryTable(
        context, "SELECT table_name FROM duckdb_tables() WHERE NOT internal ORDER BY 1 LIMIT 20");
    for (int64_t row = 0; listed.ok() && row < (*listed)->num_rows(); ++row) {
      tables.push_back(FirstText(*(*listed)->Slice(row, 1), 0));
    }
  }
  return NotFound("There is no source or table '{}'. Sources: {}. Tables: {}", name,
                  sources.empty() ? "none" : fmt::format("{}", fmt::join(sources, ", ")),
                  tables.empty() ? "none" : fmt::format("{}", fmt::join(tables, ", ")));
}

// The entry as its files are now.
Result<catalog::SourceEntry> ReadAnewWhereChanged(const RequestContext& context,
                                                  const PipelineOptions& options,
                                                  const catalog::SourceEntry& entry) {
  IOLITE_ASSIGN_OR_RETURN(auto state, sql::CheckSource(entry));
  if (state == sql::SourceState::kUnchanged) return entry;
  IOLITE_ASSIGN_OR_RETURN(auto fresh, sql::RefreshSource(context, *options.database, entry));
  IOLITE_RETURN_IF_ERROR(options.catalog->UpdateSource(fresh));
  return fresh;
}

Result<SourceTable> TableOfEntry(const RequestContext& context, const PipelineOptions& options,
                                 const catalog::SourceEntry& entry) {
  IOLITE_ASSIGN_OR_RETURN(auto fresh, ReadAnewWhereChanged(context, options, entry));
  SourceTable table{.name = fresh.name,
                    .from = fmt::format("({})", sql::SourceSelect(fresh)),
                    .inputs = InputsOf(fresh)};
  for (const auto& column : fresh.columns) table.columns.push_back(column.name);
  return table;
}

}  // namespace

std::vector<results::Materialization::Input> InputsOf(const catalog::SourceEntry& entry) {
  std::vector<results::Materialization::Input> inputs;
  for (const auto& file : entry.files) {
    inputs.push_back({.path = file.path,
                      .size_bytes = file.size_bytes,
                      .modified_us = file.modified_us,
                      .etag = file.etag});
  }
  return inputs;
}

Result<SourceTable> FindSourceTable(const RequestContext& context, const PipelineOptions& options,
                                    std::string_view name) {
  auto entry = options.catalog->GetSource(ShortName(name));
  if (entry.ok()) return TableOfEntry(context, options, *entry);
  if (entry.status().code() != StatusCode::kNotFound) return entry.status();
  std::string from = QuotedParts(name);
  auto columns = ColumnsOf(context, options, from);
  if (columns.ok()) {
    return SourceTable{
        .name = std::string(name), .from = std::move(from), .columns = std::move(*columns)};
  }
  bool unknown = columns.status().code() == StatusCode::kInvalidArgument ||
                 columns.status().code() == StatusCode::kNotFound;
  return unknown ? NoSuchSource(context, options, name) : columns.status();
}

Result<std::string> FindColumn(const SourceTable& table, std::string_view column) {
  for (const auto& there : table.columns) {
    if (there == column) return there;
  }
  for (const auto& there : table.columns) {
    if (EqualNames(there, column)) return there;
  }
  return InvalidArgument("'{}' has no column '{}'. Columns: {}", table.name, column,
                         fmt::join(table.columns, ", "));
}

namespace {

Status MissingKey(const RequestContext& context, sql::Session& session, const SourceTable& table,
                  std::string_view key, int64_t missing_count) {
  std::string quoted = sql::QuoteIdentifier(key);
  IOLITE_ASSIGN_OR_RETURN(
      auto first,
      session.QueryTable(context,
                         fmt::format("SELECT min(row) FROM (SELECT row_number() OVER () AS row, {} "
                                     "AS key FROM {}) WHERE key IS NULL",
                                     quoted, table.from)));
  return InvalidArgument(
      "The key '{}' of '{}' is null in {} {}, first in row {}: every row needs a key of its own",
      key, table.name, missing_count, missing_count == 1 ? "row" : "rows", FirstNumber(*first, 0));
}

Status RepeatedKeys(const RequestContext& context, sql::Session& session, const SourceTable& table,
                    std::string_view key) {
  IOLITE_ASSIGN_OR_RETURN(
      auto repeated,
      session.QueryTable(
          context,
          fmt::format("SELECT {0}::VARCHAR, count(*) FROM {1} GROUP BY 1 HAVING count(*) > 1 "
                      "ORDER BY 1 LIMIT 3",
                      sql::QuoteIdentifier(key), table.from)));
  std::string list;
  for (int64_t row = 0; row < repeated->num_rows(); ++row) {
    auto one = repeated->Slice(row, 1);
    list += fmt::format("{}'{}' {} times", list.empty() ? "" : ", ", FirstText(*one, 0),
                        FirstNumber(*one, 1));
  }
  return InvalidArgument(
      "The key '{}' of '{}' is not unique: {}. Name a column that tells every row apart", key,
      table.name, list);
}

}  // namespace

Result<int64_t> CheckKeys(const RequestContext& context, sql::Session& session,
                          const SourceTable& table, std::string_view key) {
  IOLITE_ASSIGN_OR_RETURN(
      auto counts,
      session.QueryTable(
          context,
          fmt::format(
              "SELECT count(*), count(key), count(DISTINCT key) FROM (SELECT {}::VARCHAR AS "
              "key FROM {})",
              sql::QuoteIdentifier(key), table.from)));
  int64_t row_count = FirstNumber(*counts, 0), key_count = FirstNumber(*counts, 1);
  if (row_count == 0) return InvalidArgument("'{}' has no rows", table.name);
  if (key_count < row_count) {
    return MissingKey(context, session, table, key, row_count - key_count);
  }
  if (FirstNumber(*counts, 2) < key_count) return RepeatedKeys(context, session, table, key);
  return row_count;
}

}  // namespace iolite::pipelines
