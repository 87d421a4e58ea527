#include <duckdb/parser/parsed_data/create_macro_info.hpp>
#include <duckdb/parser/parser.hpp>
#include <duckdb/parser/statement/create_statement.hpp>

#include "iolite/sql/internal/functions.h"

namespace iolite::sql {

duckdb::unique_ptr<duckdb::CreateFunctionInfo> MakeMacro(std::string_view create_macro) {
  duckdb::Parser parser;
  parser.ParseQuery(std::string(create_macro));
  if (parser.statements.size() != 1 ||
      parser.statements[0]->type != duckdb::StatementType::CREATE_STATEMENT) {
    throw duckdb::InvalidInputException("a macro takes one CREATE MACRO statement");
  }
  auto& info = parser.statements[0]->Cast<duckdb::CreateStatement>().info;
  if (info->type != duckdb::CatalogType::MACRO_ENTRY &&
      info->type != duckdb::CatalogType::TABLE_MACRO_ENTRY) {
    throw duckdb::InvalidInputException("a macro takes one CREATE MACRO statement");
  }
  info->catalog.clear();
  info->schema = DEFAULT_SCHEMA;
  info->internal = true;
  return duckdb::unique_ptr_cast<duckdb::CreateInfo, duckdb::CreateFunctionInfo>(std::move(info));
}

}  // namespace iolite::sql
