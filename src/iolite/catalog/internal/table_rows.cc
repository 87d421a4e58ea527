#include "iolite/catalog/internal/rows.h"

namespace iolite::catalog::internal {
namespace {

Status NoSuchTable(std::string_view name) {
  return NotFound("There is no result table '{}'. `iolite tables list` names those there are",
                  name);
}

TableEntry HeadOf(const Statement& row) {
  TableEntry table;
  table.name = row.Text(0);
  table.source = row.Text(1);
  table.task = row.Text(2);
  table.model_id = row.Text(3);
  table.key_column = row.Text(4);
  table.metric = row.Text(5);
  table.dimension = row.Int(6);
  table.definition_hash = row.Text(7);
  table.created_us = row.Int(8);
  return table;
}

Status SelectTextColumns(Connection& connection, TableEntry& table) {
  IOLITE_ASSIGN_OR_RETURN(auto row, connection.Prepare("SELECT name FROM result_table_text_columns "
                                                       "WHERE result_table = ? ORDER BY position"));
  row.Bind(table.name);
  while (true) {
    IOLITE_ASSIGN_OR_RETURN(const bool more, row.Step());
    if (!more) return Status();
    table.text_columns.push_back(row.Text(0));
  }
}

}  // namespace

Result<bool> TableExists(Connection& connection, std::string_view name) {
  IOLITE_ASSIGN_OR_RETURN(auto statement,
                          connection.Prepare("SELECT 1 FROM result_tables WHERE name = ?"));
  return statement.Bind(name).Step();
}

Status UpsertTable(Connection& connection, const TableEntry& table) {
  IOLITE_ASSIGN_OR_RETURN(const bool is_source, SourceExists(connection, table.name));
  if (is_source) {
    return AlreadyExists("The name '{}' is taken by a source. Choose another, or remove that first",
                         table.name);
  }
  {
    IOLITE_ASSIGN_OR_RETURN(auto statement,
                            connection.Prepare("DELETE FROM result_tables WHERE name = ?"));
    IOLITE_RETURN_IF_ERROR(statement.Bind(table.name).Run());
  }
  {
    IOLITE_ASSIGN_OR_RETURN(
        auto statement,
        connection.Prepare("INSERT INTO result_tables VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    statement.Bind(table.name, table.source, table.task, table.model_id, table.key_column,
                   table.metric, table.dimension, table.definition_hash, table.created_us);
    IOLITE_RETURN_IF_ERROR(statement.Run());
  }
  IOLITE_ASSIGN_OR_RETURN(
      auto statement, connection.Prepare("INSERT INTO result_table_text_columns VALUES (?, ?, ?)"));
  for (size_t i = 0; i < table.text_columns.size(); ++i) {
    IOLITE_RETURN_IF_ERROR(statement.Bind(table.name, i, table.text_columns[i]).Run());
  }
  return Status();
}

Result<TableEntry> SelectTable(Connection& connection, std::string_view name) {
  TableEntry table;
  {
    IOLITE_ASSIGN_OR_RETURN(auto row,
                            connection.Prepare("SELECT * FROM result_tables WHERE name = ?"));
    IOLITE_ASSIGN_OR_RETURN(const bool found, row.Bind(name).Step());
    if (!found) return NoSuchTable(name);
    table = HeadOf(row);
  }
  IOLITE_RETURN_IF_ERROR(SelectTextColumns(connection, table));
  return table;
}

Result<std::vector<TableEntry>> SelectTables(Connection& connection, std::string_view source) {
  std::vector<TableEntry> tables;
  {
    IOLITE_ASSIGN_OR_RETURN(
        auto row, connection.Prepare("SELECT * FROM result_tables WHERE ?1 = '' OR source = ?1 "
                                     "ORDER BY created_us DESC, rowid DESC"));
    row.Bind(source);
    while (true) {
      IOLITE_ASSIGN_OR_RETURN(const bool more, row.Step());
      if (!more) break;
      tables.push_back(HeadOf(row));
    }
  }
  for (auto& table : tables) IOLITE_RETURN_IF_ERROR(SelectTextColumns(connection, table));
  return tables;
}

Status DeleteTable(Connection& connection, std::string_view name) {
  IOLITE_ASSIGN_OR_RETURN(auto statement,
                          connection.Prepare("DELETE FROM result_tables WHERE name = ?"));
  IOLITE_RETURN_IF_ERROR(statement.Bind(name).Run());
  return connection.change_count() == 0 ? NoSuchTable(name) : Status();
}

}  // namespace iolite::catalog::internal
