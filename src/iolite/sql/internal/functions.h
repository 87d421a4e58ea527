#pragma once

#include "iolite/sql/database.h"
#include "iolite/sql/internal/duckdb_error.h"

namespace iolite::sql {

/// Our functions as DuckDB wants them. A second one of the same name becomes an overload.
duckdb::unique_ptr<duckdb::CreateFunctionInfo> MakeScalarFunction(duckdb::ClientContext& context,
                                                                  ScalarFunction function);
duckdb::unique_ptr<duckdb::CreateFunctionInfo> MakeTableFunction(duckdb::ClientContext& context,
                                                                 TableFunction function);
duckdb::unique_ptr<duckdb::CreateFunctionInfo> MakeRowsFunction(duckdb::ClientContext& context,
                                                                RowsFunction function);
/// Of a CREATE MACRO statement.
duckdb::unique_ptr<duckdb::CreateFunctionInfo> MakeMacro(std::string_view create_macro);

/// Asks `resolver`, which must outlive the database, for names that DuckDB has no table of.
duckdb::ReplacementScan MakeTableResolverScan(const TableResolver* resolver);

/// kAlreadyExists when a statement would give a table or view a name that the resolver knows: the
/// new table would hide what the name stands for.
Status CheckNewName(const TableResolver& resolver, const duckdb::SQLStatement& statement);

/// A clearer message where a statement that failed wanted to change what is a name of the resolver;
/// `error` itself otherwise.
Status ExplainWriteToSource(const TableResolver& resolver, duckdb::SQLStatement& statement,
                            Status error);

}  // namespace iolite::sql
