#include "iolite/catalog/internal/rows.h"

namespace iolite::catalog::internal {
namespace {

constexpr char kInsertFile[] = "INSERT INTO source_files VALUES (?, ?, ?, ?, ?, ?)";
constexpr char kSelectFiles[] =
    "SELECT path, size_bytes, modified_us, etag FROM source_files WHERE owner = ? ORDER BY "
    "position";

Status NoSuchSource(std::string_view name) {
  return NotFound("There is no source '{}'. `iolite sources list` names those there are", name);
}

Status InsertParts(Connection& connection, const SourceEntry& source) {
  IOLITE_ASSIGN_OR_RETURN(auto pattern,
                          connection.Prepare("INSERT INTO source_patterns VALUES (?, ?, ?)"));
  for (size_t i = 0; i < source.patterns.size(); ++i) {
    IOLITE_RETURN_IF_ERROR(pattern.Bind(source.name, i, source.patterns[i]).Run());
  }
  IOLITE_ASSIGN_OR_RETURN(auto column,
                          connection.Prepare("INSERT INTO source_columns VALUES (?, ?, ?, ?)"));
  for (size_t i = 0; i < source.columns.size(); ++i) {
    const auto& entry = source.columns[i];
    IOLITE_RETURN_IF_ERROR(column.Bind(source.name, i, entry.name, entry.type).Run());
  }
  return InsertFiles(connection, kInsertFile, source.name, source.files);
}

Status DeleteParts(Connection& connection, std::string_view name) {
  for (const char* sql : {"DELETE FROM source_patterns WHERE source = ?",
                          "DELETE FROM source_columns WHERE source = ?",
                          "DELETE FROM source_files WHERE owner = ?"}) {
    IOLITE_ASSIGN_OR_RETURN(auto statement, connection.Prepare(sql));
    IOLITE_RETURN_IF_ERROR(statement.Bind(name).Run());
  }
  return Status();
}

Status SelectParts(Connection& connection, SourceEntry& source) {
  IOLITE_ASSIGN_OR_RETURN(
      auto patterns,
      connection.Prepare("SELECT pattern FROM source_patterns WHERE source = ? ORDER BY position"));
  patterns.Bind(source.name);
  while (true) {
    IOLITE_ASSIGN_OR_RETURN(const bool more, patterns.Step());
    if (!more) break;
    source.patterns.push_back(patterns.Text(0));
  }
  IOLITE_ASSIGN_OR_RETURN(
      auto columns,
      connection.Prepare(
          "SELECT name, type FROM source_columns WHERE source = ? ORDER BY position"));
  columns.Bind(source.name);
  while (true) {
    IOLITE_ASSIGN_OR_RETURN(const bool more, columns.Step());
    if (!more) break;
    source.columns.push_back({columns.Text(0), columns.Text(1)});
  }
  IOLITE_ASSIGN_OR_RETURN(source.files, SelectFiles(connection, kSelectFiles, source.name));
  return Status();
}

SourceEntry HeadOf(const Statement& row) {
  SourceEntry source;
  source.name = row.Text(0);
  source.format = row.Text(1);
  source.row_count = row.Int(2);
  source.created_us = row.Int(3);
  source.read_us = row.Int(4);
  source.reader_options = row.Text(5);
  return source;
}

}  // namespace

Status InsertFiles(Connection& connection, const char* insert_sql, std::string_view owner,
                   const std::vector<FileAnchor>& files) {
  IOLITE_ASSIGN_OR_RETURN(auto statement, connection.Prepare(insert_sql));
  for (size_t i = 0; i < files.size(); ++i) {
    const auto& file = files[i];
    IOLITE_RETURN_IF_ERROR(
        statement.Bind(owner, i, file.path, file.size_bytes, file.modified_us, file.etag).Run());
  }
  return Status();
}

Result<std::vector<FileAnchor>> SelectFiles(Connection& connection, const char* select_sql,
                                            std::string_view owner) {
  std::vector<FileAnchor> files;
  IOLITE_ASSIGN_OR_RETURN(auto row, connection.Prepare(select_sql));
  row.Bind(owner);
  while (true) {
    IOLITE_ASSIGN_OR_RETURN(const bool more, row.Step());
    if (!more) return files;
    files.push_back({row.Text(0), row.Int(1), row.Int(2), row.Text(3)});
  }
}

Result<bool> SourceExists(Connection& connection, std::string_view name) {
  IOLITE_ASSIGN_OR_RETURN(auto statement,
                          connection.Prepare("SELECT 1 FROM sources WHERE name = ?"));
  return statement.Bind(name).Step();
}

Status InsertSource(Connection& connection, const SourceEntry& source) {
  IOLITE_ASSIGN_OR_RETURN(const bool is_source, SourceExists(connection, source.name));
  IOLITE_ASSIGN_OR_RETURN(const bool is_table, TableExists(connection, source.name));
  if (is_source || is_table) {
    return AlreadyExists("The name '{}' is taken by a {}. Choose another, or remove that first",
                         source.name, is_source ? "source" : "result table");
  }
  {
    IOLITE_ASSIGN_OR_RETURN(auto statement,
                            connection.Prepare("INSERT INTO sources VALUES (?, ?, ?, ?, ?, ?)"));
    statement.Bind(source.name, source.format, source.row_count, source.created_us, source.read_us,
                   source.reader_options);
    IOLITE_RETURN_IF_ERROR(statement.Run());
  }
  return InsertParts(connection, source);
}

Status UpdateSource(Connection& connection, const SourceEntry& source) {
  {
    IOLITE_ASSIGN_OR_RETURN(auto statement,
                            connection.Prepare("UPDATE sources SET format = ?, row_count = ?, "
                                               "read_us = ?, reader_options = ? WHERE name = ?"));
    statement.Bind(source.format, source.row_count, source.read_us, source.reader_options,
                   source.name);
    IOLITE_RETURN_IF_ERROR(statement.Run());
  }
  if (connection.change_count() == 0) return NoSuchSource(source.name);
  IOLITE_RETURN_IF_ERROR(DeleteParts(connection, source.name));
  return InsertParts(connection, source);
}

Result<SourceEntry> SelectSource(Connection& connection, std::string_view name) {
  SourceEntry source;
  {
    IOLITE_ASSIGN_OR_RETURN(
        auto row, connection.Prepare("SELECT name, format, row_count, created_us, read_us, "
                                     "reader_options FROM sources WHERE name = ?"));
    IOLITE_ASSIGN_OR_RETURN(const bool found, row.Bind(name).Step());
    if (!found) return NoSuchSource(name);
    source = HeadOf(row);
  }
  IOLITE_RETURN_IF_ERROR(SelectParts(connection, source));
  return source;
}

Result<std::vector<SourceEntry>> SelectSources(Connection& connection) {
  std::vector<SourceEntry> sources;
  {
    IOLITE_ASSIGN_OR_RETURN(
        auto row, connection.Prepare("SELECT name, format, row_count, created_us, read_us, "
                                     "reader_options FROM sources ORDER BY name"));
    while (true) {
      IOLITE_ASSIGN_OR_RETURN(const bool more, row.Step());
      if (!more) break;
      sources.push_back(HeadOf(row));
    }
  }
  for (auto& source : sources) IOLITE_RETURN_IF_ERROR(SelectParts(connection, source));
  return sources;
}

Status DeleteSource(Connection& connection, std::string_view name) {
  IOLITE_ASSIGN_OR_RETURN(auto statement, connection.Prepare("DELETE FROM sources WHERE name = ?"));
  IOLITE_RETURN_IF_ERROR(statement.Bind(name).Run());
  return connection.change_count() == 0 ? NoSuchSource(name) : Status();
}

}  // namespace iolite::catalog::internal
