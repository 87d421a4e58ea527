#include "iolite/sql/source.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <utility>

#include "iolite/sql/condition.h"
#include "iolite/sql/internal/source_files.h"
#include "iolite/sql/internal/source_reader.h"

namespace iolite::sql {
namespace {

using catalog::FileAnchor;
using catalog::SourceEntry;

constexpr size_t kNameBytesMax = 120;

Status CheckName(std::string_view name) {
  if (name.empty()) return InvalidArgument("A source needs a name");
  if (name.size() > kNameBytesMax) {
    return InvalidArgument("The name of a source has at most {} bytes; this one has {}",
                           kNameBytesMax, name.size());
  }
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      return InvalidArgument("The name of a source has no control characters: {}",
                             QuoteIdentifier(name));
    }
  }
  if (name.front() == ' ' || name.back() == ' ') {
    return InvalidArgument("The name of a source neither begins nor ends with a space: {}",
                           QuoteIdentifier(name));
  }
  return Status::Ok();
}

Status MissingFile(const std::string& pattern) {
  if (pattern.find_first_of("*?[") == std::string::npos) {
    return NotFound("There is no file {}. Check the path", pattern);
  }
  return NotFound("No file matches {}. Check the pattern", pattern);
}

Result<std::vector<FileAnchor>> FindFiles(const std::vector<std::string>& patterns) {
  std::vector<FileAnchor> files;
  std::set<std::string> seen;
  for (const std::string& pattern : patterns) {
    const auto paths = ExpandPattern(pattern);
    if (paths.empty()) return MissingFile(pattern);
    for (const std::string& path : paths) {
      if (!seen.insert(path).second) continue;
      IOLITE_ASSIGN_OR_RETURN(auto anchor, AnchorFile(path));
      files.push_back(std::move(anchor));
    }
  }
  return files;
}

Result<std::string> FormatOf(const std::vector<FileAnchor>& files, const std::string& asked) {
  if (!asked.empty()) return asked;
  std::string format;
  for (const FileAnchor& file : files) {
    const auto found = FormatOfPath(file.path);
    if (!found) {
      return InvalidArgument(
          "The ending of {} does not tell its format. Say which with --format: "
          "parquet, csv, json or jsonl",
          file.path);
    }
    if (!format.empty() && *found != format) {
      return InvalidArgument("Files of one source have one format: {} is {}, {} is {}",
                             files[0].path, format, file.path, *found);
    }
    format = *found;
  }
  return format;
}

Result<int64_t> CountRows(const RequestContext& context, Session& session,
                          const SourceEntry& source) {
  // Counting every column makes DuckDB read every value; Parquet has types and counts of its own.
  const std::string_view what =
      source.format == "parquet" ? "count(*)" : "count(*), count(COLUMNS(*))";
  auto rows =
      QueryText(context, session, fmt::format("SELECT {} FROM ({})", what, SourceSelect(source)));
  if (!rows.ok()) return rows.status();
  const std::string& text = rows->at(0).at(0);
  int64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

Status ReadContents(const RequestContext& context, Session& session, SourceEntry& source,
                    bool whole) {
  std::vector<FileSchema> schemas;
  for (const FileAnchor& file : source.files) {
    IOLITE_ASSIGN_OR_RETURN(auto schema,
                            ReadFileSchema(context, session, source.format, file.path, whole));
    schemas.push_back(std::move(schema));
  }
  IOLITE_ASSIGN_OR_RETURN(FileSchema merged, MergeSchemas(source.format, source.files, schemas));
  source.columns = std::move(merged.columns);
  if (source.format == "csv") source.reader_options = ReaderOptions(merged);
  IOLITE_ASSIGN_OR_RETURN(source.row_count, CountRows(context, session, source));
  return Status::Ok();
}

// Types come from a file's beginning; where a later value does not fit them, from all of it.
Status ReadAllContents(const RequestContext& context, Session& session, SourceEntry& source) {
  Status status = ReadContents(context, session, source, false);
  if (status.code() == StatusCode::kInvalidArgument && source.format != "parquet" &&
      !source.columns.empty()) {
    status = ReadContents(context, session, source, true);
  }
  const bool told =
      status.message().find(" cannot be read as ") != std::string::npos || source.columns.empty();
  if (status.ok() || told) return status;
  return ExplainReadError(source.format,
                          source.files.size() == 1 ? source.files[0].path : source.name, status);
}

const FileAnchor* FindAnchor(const SourceEntry& source, const std::string& path) {
  const auto found = std::find_if(source.files.begin(), source.files.end(),
                                  [&](const FileAnchor& file) { return file.path == path; });
  return found == source.files.end() ? nullptr : &*found;
}

std::string FileList(const SourceEntry& source) {
  std::string list = "[";
  for (const FileAnchor& file : source.files) {
    list += (list.size() > 1 ? ", " : "") + QuoteLiteral(EscapeGlob(file.path));
  }
  return list + "]";
}

std::string ColumnTypes(const SourceEntry& source) {
  std::string types = "{";
  for (const auto& column : source.columns) {
    types += (types.size() > 1 ? ", " : "") + QuoteLiteral(column.name) + ": " +
             QuoteLiteral(column.type);
  }
  return types + "}";
}

std::string ReaderCall(const SourceEntry& source) {
  const std::string files = FileList(source);
  if (source.format == "parquet") return fmt::format("read_parquet({})", files);
  if (source.format == "csv") {
    return fmt::format("read_csv({}, auto_detect = false, {}, columns = {})", files,
                       source.reader_options, ColumnTypes(source));
  }
  return fmt::format("read_json({}, format = '{}', columns = {})", files,
                     source.format == "jsonl" ? "newline_delimited" : "auto", ColumnTypes(source));
}

// Parquet's own positions, unless a column of the file hides them.
bool TellsPositions(const SourceEntry& source) {
  if (source.format != "parquet") return false;
  return std::none_of(source.columns.begin(), source.columns.end(), [](const auto& column) {
    return ::strcasecmp(column.name.c_str(), "file_index") == 0 ||
           ::strcasecmp(column.name.c_str(), "file_row_number") == 0;
  });
}

std::string PositionSelect(const SourceEntry& source, std::span<const std::string> columns,
                           const std::string& where) {
  std::string list;
  for (const std::string& column : columns) list += ", " + QuoteIdentifier(column);
  const std::string name = QuoteIdentifier(source.name);
  if (TellsPositions(source)) {
    return fmt::format(
        "SELECT file_index::BIGINT AS _file_index, file_row_number::BIGINT AS _file_row{} FROM {} "
        "AS {}{}",
        list, ReaderCall(source), name, where);
  }
  return fmt::format(
      "SELECT _file_index, _file_row{} FROM (SELECT 0::BIGINT AS _file_index, row_number() OVER () "
      "- 1 "
      "AS _file_row, * FROM {}) AS {}{}",
      list, ReaderCall(source), name, where);
}

}  // namespace

Result<SourceEntry> ReadSource(const RequestContext& context, Database& database,
                               const SourceRequest& request) {
  IOLITE_RETURN_IF_ERROR(CheckName(request.name));
  if (!request.format.empty() && !IsFormat(request.format)) {
    return InvalidArgument("There is no format '{}': use parquet, csv, json or jsonl",
                           request.format);
  }
  if (request.patterns.empty()) return InvalidArgument("A source needs at least one file");
  SourceEntry source;
  source.name = request.name;
  for (const std::string& pattern : request.patterns) {
    IOLITE_ASSIGN_OR_RETURN(auto normal, NormalizePattern(pattern, request.format));
    source.patterns.push_back(std::move(normal));
  }
  IOLITE_ASSIGN_OR_RETURN(source.files, FindFiles(source.patterns));
  IOLITE_ASSIGN_OR_RETURN(source.format, FormatOf(source.files, request.format));
  IOLITE_ASSIGN_OR_RETURN(auto session, database.Connect());
  IOLITE_RETURN_IF_ERROR(ReadAllContents(context, *session, source));
  if (source.row_count == 0) {
    return InvalidArgument("{} has no rows: a source needs at least one", source.files[0].path);
  }
  source.created_us = context.clock->unix_us();
  source.read_us = source.created_us;
  return source;
}

Result<SourceEntry> RefreshSource(const RequestContext& context, Database& database,
                                  const SourceEntry& source) {
  std::string detail;
  IOLITE_ASSIGN_OR_RETURN(const SourceState state, CheckSource(source, &detail));
  if (state == SourceState::kGone) {
    return NotFound("Source {}: {}. Put it back, or remove the source and add it anew",
                    QuoteIdentifier(source.name), detail);
  }
  auto fresh =
      ReadSource(context, database,
                 {.name = source.name, .patterns = source.patterns, .format = source.format});
  if (!fresh.ok()) {
    return fresh.status().WithContext("Source " + QuoteIdentifier(source.name) + " has changed");
  }
  for (const auto& column : source.columns) {
    const bool kept = std::any_of(fresh->columns.begin(), fresh->columns.end(),
                                  [&](const auto& entry) { return entry.name == column.name; });
    if (kept) continue;
    return FailedPrecondition(
        "Source {} has lost its column {}: {}. Put the column back, or remove the source and add "
        "it anew",
        QuoteIdentifier(source.name), QuoteIdentifier(column.name), detail);
  }
  fresh->created_us = source.created_us;
  return fresh;
}

Result<SourceState> CheckSource(const SourceEntry& source, std::string* detail) {
  std::string ignored;
  std::string& told = detail ? *detail : ignored;
  for (const FileAnchor& file : source.files) {
    const auto now = AnchorFile(file.path);
    if (now.status().code() == StatusCode::kNotFound) {
      told = "file " + file.path + " has gone";
      return SourceState::kGone;
    }
    if (!now.ok()) return now.status();
    if (now->size_bytes != file.size_bytes || now->modified_us != file.modified_us) {
      told = "file " + file.path + " has changed";
      return SourceState::kChanged;
    }
  }
  for (const std::string& pattern : source.patterns) {
    for (const std::string& path : ExpandPattern(pattern)) {
      if (FindAnchor(source, path)) continue;
      told = "file " + path + " is new";
      return SourceState::kChanged;
    }
  }
  return SourceState::kUnchanged;
}

std::string SourceSelect(const SourceEntry& source) {
  return "SELECT * FROM " + ReaderCall(source);
}

std::string SourcePositionSelect(const SourceEntry& source, std::span<const std::string> columns,
                                 std::string_view where) {
  return PositionSelect(source, columns,
                        where.empty() ? std::string() : " WHERE " + WrapCondition(where));
}

std::string SourceFetchSelect(const SourceEntry& source, std::span<const std::string> columns,
                              std::span<const SourcePosition> positions) {
  const bool own = TellsPositions(source);
  const std::string_view file = own ? "file_index" : "_file_index";
  const std::string_view row = own ? "file_row_number" : "_file_row";
  std::map<int64_t, std::string> rows_of_file;
  for (const SourcePosition& position : positions) {
    std::string& rows = rows_of_file[position.file_index];
    rows += (rows.empty() ? "" : ", ") + std::to_string(position.file_row);
  }
  std::string where;
  for (const auto& [index, rows] : rows_of_file) {
    where += fmt::format("{}({} = {} AND {} IN ({}))", where.empty() ? " WHERE " : " OR ", file,
                         index, row, rows);
  }
  return PositionSelect(source, columns, where.empty() ? " WHERE false" : where);
}

}  // namespace iolite::sql
