#include "iolite/sql/internal/source_reader.h"

#include <arrow/array.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "iolite/sql/internal/source_files.h"

namespace iolite::sql {
namespace {

constexpr std::string_view kDelimiters = ",;\t|";

bool IsCsv(std::string_view format) { return format == "csv"; }

// `''` stays the standard's quote in a quote; nothing is skipped and nothing is a comment, because
// every row counts.
constexpr std::string_view kSniffOptions = "quote = '\"', skip = 0, comment = ''";

std::string SniffSql(const std::string& path, bool whole) {
  return fmt::format(
      "SELECT Delimiter, Escape, NewLineDelimiter, HasHeader::VARCHAR, DateFormat, "
      "TimestampFormat, "
      "c.name, c.type FROM (SELECT *, unnest(Columns) AS c FROM sniff_csv({}, {}{}))",
      QuoteLiteral(EscapeGlob(path)), kSniffOptions, whole ? ", sample_size = -1" : "");
}

// The file has rows of different lengths, or a quote that does not end: reads it as its first line
// looks, for DuckDB's word on the line at fault.
Status ExplainRaggedCsv(const RequestContext& context, Session& session, const std::string& path,
                        const std::string& first_line) {
  const char delimiter = first_line[first_line.find_first_of(kDelimiters)];
  std::string columns;
  const auto count = std::count(first_line.begin(), first_line.end(), delimiter) + 1;
  for (int64_t i = 0; i < count; ++i) {
    columns += fmt::format("{}'c{}': 'VARCHAR'", i > 0 ? ", " : "", i);
  }
  auto rows = session.QueryTable(
      context,
      fmt::format("SELECT count(COLUMNS(*)) FROM read_csv({}, auto_detect = false, delim = "
                  "'{}', quote = '\"', escape = '\"', header = true, columns = {{{}}})",
                  QuoteLiteral(EscapeGlob(path)), delimiter, columns));
  if (!rows.ok()) return rows.status();
  return InvalidArgument("its rows do not all have {} values as the first line has", count);
}

Result<FileSchema> SniffCsv(const RequestContext& context, Session& session,
                            const std::string& path, bool whole) {
  IOLITE_ASSIGN_OR_RETURN(auto rows, QueryText(context, session, SniffSql(path, whole)));
  FileSchema schema;
  for (auto& row : rows) {
    schema.delimiter = row[0];
    schema.escape = row[1];
    schema.new_line = row[2];
    schema.header = row[3];
    schema.date_format = row[4];
    schema.timestamp_format = row[5];
    schema.columns.push_back({std::move(row[6]), std::move(row[7])});
  }
  if (schema.columns.size() == 1 && schema.header == "true" &&
      schema.columns[0].name.find_first_of(kDelimiters) != std::string::npos) {
    return ExplainRaggedCsv(context, session, path, schema.columns[0].name);
  }
  return schema;
}

std::string DescribeSql(std::string_view format, const std::string& path, bool whole) {
  const std::string file = QuoteLiteral(EscapeGlob(path));
  if (format == "parquet") return fmt::format("DESCRIBE SELECT * FROM read_parquet({})", file);
  return fmt::format("DESCRIBE SELECT * FROM read_json({}, format = '{}'{})", file,
                     format == "jsonl" ? "newline_delimited" : "auto",
                     whole ? ", sample_size = -1" : "");
}

bool IsNumber(std::string_view type) { return type == "BIGINT" || type == "DOUBLE"; }

// A type that holds what either file has. Parquet says what it holds, so there the types must be
// equal.
std::string CommonType(const std::string& a, const std::string& b) {
  if (a == b) return a;
  return IsNumber(a) && IsNumber(b) ? "DOUBLE" : "VARCHAR";
}

std::string NamesOf(const FileSchema& schema) {
  std::string names;
  for (const auto& column : schema.columns) {
    names += (names.empty() ? "" : ", ") + QuoteIdentifier(column.name);
  }
  return names;
}

bool SameNames(const FileSchema& a, const FileSchema& b) {
  return std::equal(a.columns.begin(), a.columns.end(), b.columns.begin(), b.columns.end(),
                    [](const auto& x, const auto& y) { return x.name == y.name; });
}

Status CheckNames(const std::string& first, const FileSchema& a, const std::string& second,
                  const FileSchema& b) {
  if (SameNames(a, b)) return Status::Ok();
  return InvalidArgument(
      "Files of one source must have the same columns in the same order: {} has {}; {} has {}. "
      "Register "
      "them as sources of their own",
      first, NamesOf(a), second, NamesOf(b));
}

void MergeDialect(FileSchema& merged, const FileSchema& other) {
  if (other.escape == "\\") merged.escape = other.escape;
  if (other.new_line != merged.new_line) merged.new_line.clear();
}

bool IsDate(std::string_view type) { return type == "DATE" || type.starts_with("TIMESTAMP"); }

// Dates that files write in different ways stay text.
void KeepDatesAsText(FileSchema& merged) {
  merged.date_format.clear();
  merged.timestamp_format.clear();
  for (auto& column : merged.columns) {
    if (IsDate(column.type)) column.type = "VARCHAR";
  }
}

bool Differ(const std::string& a, const std::string& b) {
  return !a.empty() && !b.empty() && a != b;
}

}  // namespace

Result<std::vector<std::vector<std::string>>> QueryText(const RequestContext& context,
                                                        Session& session, const std::string& sql) {
  IOLITE_ASSIGN_OR_RETURN(const auto table, session.QueryTable(context, sql));
  std::vector<std::vector<std::string>> rows(static_cast<size_t>(table->num_rows()));
  for (const auto& column : table->columns()) {
    for (size_t row = 0; row < rows.size(); ++row) {
      const auto scalar = column->GetScalar(static_cast<int64_t>(row));
      const bool value = scalar.ok() && (*scalar)->is_valid;
      rows[row].push_back(value ? (*scalar)->ToString() : "");
    }
  }
  return rows;
}

Status ExplainReadError(std::string_view format, std::string_view path, const Status& error) {
  if (error.code() != StatusCode::kInvalidArgument && error.code() != StatusCode::kUnknown &&
      error.code() != StatusCode::kUnavailable) {
    return error;
  }
  std::string message = error.message();
  for (const std::string_view advice : {"\n\nLINE ", "\nPossible fixes", "\nPossible Solution",
                                        "\n\n  file = ", "\nThe search space used"}) {
    message.resize(std::min(message.find(advice), message.size()));
  }
  while (!message.empty() && std::isspace(static_cast<unsigned char>(message.back()))) {
    message.pop_back();
  }
  return InvalidArgument("{} cannot be read as {}: {}. Repair the file, or name its format", path,
                         format, message);
}

Result<FileSchema> ReadFileSchema(const RequestContext& context, Session& session,
                                  std::string_view format, const std::string& path, bool whole) {
  auto schema = [&]() -> Result<FileSchema> {
    if (IsCsv(format)) return SniffCsv(context, session, path, whole);
    IOLITE_ASSIGN_OR_RETURN(auto rows,
                            QueryText(context, session, DescribeSql(format, path, whole)));
    FileSchema described;
    for (auto& row : rows) described.columns.push_back({std::move(row[0]), std::move(row[1])});
    return described;
  }();
  if (!schema.ok()) return ExplainReadError(format, path, schema.status());
  return schema;
}

Result<FileSchema> MergeSchemas(std::string_view format,
                                const std::vector<catalog::FileAnchor>& files,
                                const std::vector<FileSchema>& schemas) {
  FileSchema merged = schemas[0];
  for (size_t i = 1; i < schemas.size(); ++i) {
    const FileSchema& other = schemas[i];
    if (IsCsv(format) && other.delimiter != merged.delimiter) {
      return InvalidArgument("{} separates values by '{}', {} by '{}': write them the same way",
                             files[0].path, merged.delimiter, files[i].path, other.delimiter);
    }
    IOLITE_RETURN_IF_ERROR(CheckNames(files[0].path, merged, files[i].path, other));
    for (size_t column = 0; column < merged.columns.size(); ++column) {
      auto& entry = merged.columns[column];
      const std::string& type = other.columns[column].type;
      if (format == "parquet" && entry.type != type) {
        return InvalidArgument(
            "Column {} is {} in {} and {} in {}. Register them as sources of their own",
            QuoteIdentifier(entry.name), entry.type, files[0].path, type, files[i].path);
      }
      entry.type = CommonType(entry.type, type);
    }
    MergeDialect(merged, other);
    if (Differ(merged.date_format, other.date_format) ||
        Differ(merged.timestamp_format, other.timestamp_format)) {
      KeepDatesAsText(merged);
    }
  }
  return merged;
}

std::string ReaderOptions(const FileSchema& schema) {
  std::string options = fmt::format("delim = {}, quote = '\"', escape = {}, header = {}",
                                    QuoteLiteral(schema.delimiter),
                                    schema.escape == "\\" ? "'\\'" : "'\"'", schema.header);
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) options += fmt::format(", {} = {}", name, QuoteLiteral(value));
  };
  if (schema.new_line.starts_with('\\')) add("new_line", schema.new_line);
  add("dateformat", schema.date_format);
  add("timestampformat", schema.timestamp_format);
  return options;
}

}  // namespace iolite::sql
