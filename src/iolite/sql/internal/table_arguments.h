#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <duckdb.hpp>

#include "iolite/sql/database.h"

/// The arguments of table functions, from DuckDB's values. Throws DuckDB's exceptions.

namespace iolite::sql {

using NamedTypes = duckdb::case_insensitive_map_t<duckdb::LogicalType>;

/// What DuckDB is told of an argument's type. Lists are taken as they come and cast in bind:
/// literals like [0.1, 0.2] are DECIMAL lists.
duckdb::LogicalType SignatureOf(const duckdb::LogicalType& type);

/// Declares `arguments` to `made`, and answers their types: ANY where the declared type is null.
NamedTypes DeclareNamed(duckdb::ClientContext& context, const std::vector<NamedArgument>& arguments,
                        duckdb::TableFunction& made);

/// `value` cast to `declared`; a wrong one is an error that names the argument.
std::shared_ptr<arrow::Scalar> ArgumentOf(duckdb::ClientContext& context, std::string_view function,
                                          std::string_view argument, const duckdb::Value& value,
                                          const duckdb::LogicalType& declared);

/// The same for all named ones; appends them to `shown`.
std::vector<std::pair<std::string, std::shared_ptr<arrow::Scalar>>> NamedArgumentsOf(
    duckdb::ClientContext& context, std::string_view function,
    const duckdb::named_parameter_map_t& values, const NamedTypes& types, std::string& shown);

/// A value as a plan shows it, cut when it is long.
std::string Shown(const duckdb::Value& value);

}  // namespace iolite::sql
