#include <utility>

#include <duckdb/function/replacement_scan.hpp>
#include <duckdb/parser/expression/star_expression.hpp>
#include <duckdb/parser/parsed_data/alter_table_info.hpp>
#include <duckdb/parser/parsed_data/create_table_info.hpp>
#include <duckdb/parser/parsed_data/create_view_info.hpp>
#include <duckdb/parser/parser.hpp>
#include <duckdb/parser/query_node/select_node.hpp>
#include <duckdb/parser/statement/alter_statement.hpp>
#include <duckdb/parser/statement/create_statement.hpp>
#include <duckdb/parser/statement/delete_statement.hpp>
#include <duckdb/parser/statement/insert_statement.hpp>
#include <duckdb/parser/statement/select_statement.hpp>
#include <duckdb/parser/statement/update_statement.hpp>
#include <duckdb/parser/tableref/basetableref.hpp>
#include <duckdb/parser/tableref/subqueryref.hpp>

#include "iolite/sql/internal/functions.h"
#include "iolite/sql/internal/request_state.h"

namespace iolite::sql {
namespace {

struct ResolverData final : duckdb::ReplacementScanData {
  explicit ResolverData(const TableResolver* resolver) : resolver(resolver) {}
  const TableResolver* resolver;
};

bool IsPlainStar(const duckdb::ParsedExpression& expression) {
  if (expression.GetExpressionType() != duckdb::ExpressionType::STAR) return false;
  const auto& star = expression.Cast<duckdb::StarExpression>();
  return star.relation_name.empty() && star.exclude_list.empty() && star.replace_list.empty() &&
         star.rename_list.empty() && !star.columns && !star.expr;
}

// Whether the whole statement is `SELECT * FROM f(…)`.
bool IsPlainScan(const duckdb::QueryNode& query) {
  if (query.type != duckdb::QueryNodeType::SELECT_NODE) return false;
  const auto& node = query.Cast<duckdb::SelectNode>();
  return node.from_table && node.from_table->type == duckdb::TableReferenceType::TABLE_FUNCTION &&
         node.from_table->alias.empty() && node.select_list.size() == 1 &&
         IsPlainStar(*node.select_list[0]) && !node.where_clause && !node.having && !node.qualify &&
         !node.sample && node.groups.group_expressions.empty() && node.modifiers.empty() &&
         node.cte_map.map.empty();
}

// The rows of `select` as something a FROM clause takes. A plain scan stands there itself, so that
// plans read as they would without us.
duckdb::unique_ptr<duckdb::TableRef> TableOf(duckdb::ClientContext& context,
                                             const std::string& select) {
  duckdb::Parser parser(context.GetParserOptions());
  parser.ParseQuery(select);
  if (parser.statements.size() != 1 ||
      parser.statements[0]->type != duckdb::StatementType::SELECT_STATEMENT) {
    RequestState::Of(context).Raise(
        Internal("A table was resolved to something else than one SELECT: {}", select));
  }
  auto statement = duckdb::unique_ptr_cast<duckdb::SQLStatement, duckdb::SelectStatement>(
      std::move(parser.statements[0]));
  if (IsPlainScan(*statement->node)) {
    return std::move(statement->node->Cast<duckdb::SelectNode>().from_table);
  }
  return duckdb::make_uniq<duckdb::SubqueryRef>(std::move(statement));
}

duckdb::unique_ptr<duckdb::TableRef> Resolve(
    duckdb::ClientContext& context, duckdb::ReplacementScanInput& input,
    duckdb::optional_ptr<duckdb::ReplacementScanData> data) {
  const TableResolver& resolver = *data->Cast<ResolverData>().resolver;
  if (!resolver) return nullptr;
  auto select =
      Guard([&] { return resolver(input.catalog_name, input.schema_name, input.table_name); });
  if (!select.ok()) RequestState::Of(context).Raise(select.status());
  if (!select->has_value()) return nullptr;
  return TableOf(context, **select);
}

struct TargetName {
  std::string catalog, schema, table;
};

TargetName NameOf(const duckdb::TableRef* table) {
  if (!table || table->type != duckdb::TableReferenceType::BASE_TABLE) return {};
  const auto& base = table->Cast<duckdb::BaseTableRef>();
  return {base.catalog_name, base.schema_name, base.table_name};
}

TargetName TargetOf(duckdb::SQLStatement& statement) {
  switch (statement.type) {
    case duckdb::StatementType::INSERT_STATEMENT: {
      const auto& insert = statement.Cast<duckdb::InsertStatement>();
      return {insert.catalog, insert.schema, insert.table};
    }
    case duckdb::StatementType::UPDATE_STATEMENT:
      return NameOf(statement.Cast<duckdb::UpdateStatement>().table.get());
    case duckdb::StatementType::DELETE_STATEMENT:
      return NameOf(statement.Cast<duckdb::DeleteStatement>().table.get());
    default: return {};
  }
}

TargetName NewNameOfCreate(const duckdb::CreateInfo& info) {
  if (info.type == duckdb::CatalogType::TABLE_ENTRY) {
    return {info.catalog, info.schema, info.Cast<duckdb::CreateTableInfo>().table};
  }
  if (info.type == duckdb::CatalogType::VIEW_ENTRY) {
    return {info.catalog, info.schema, info.Cast<duckdb::CreateViewInfo>().view_name};
  }
  return {};
}

TargetName NewNameOfAlter(const duckdb::AlterInfo& info) {
  if (info.type != duckdb::AlterType::ALTER_TABLE) return {};
  const auto& table = info.Cast<duckdb::AlterTableInfo>();
  if (table.alter_table_type != duckdb::AlterTableType::RENAME_TABLE) return {};
  return {info.catalog, info.schema, table.Cast<duckdb::RenameTableInfo>().new_table_name};
}

// The name that a table or view gets; empty for other statements.
TargetName NewNameOf(const duckdb::SQLStatement& statement) {
  switch (statement.type) {
    case duckdb::StatementType::CREATE_STATEMENT:
      return NewNameOfCreate(*statement.Cast<duckdb::CreateStatement>().info);
    case duckdb::StatementType::ALTER_STATEMENT:
      return NewNameOfAlter(*statement.Cast<duckdb::AlterStatement>().info);
    default: return {};
  }
}

}  // namespace

Status CheckNewName(const TableResolver& resolver, const duckdb::SQLStatement& statement) {
  if (!resolver) return Status::Ok();
  const TargetName name = NewNameOf(statement);
  // Elsewhere than in the main schema a table hides nothing.
  const bool in_main = name.catalog.empty() && (name.schema.empty() || name.schema == "main");
  if (name.table.empty() || !in_main) return Status::Ok();
  const auto known = resolver("", "", name.table);
  if (known.ok() && !known->has_value()) return Status::Ok();
  return AlreadyExists(
      "{} is the name of a source or a result table, which a table or view of that name would "
      "hide. Choose another name, or remove the source first",
      QuoteIdentifier(name.table));
}

duckdb::ReplacementScan MakeTableResolverScan(const TableResolver* resolver) {
  return duckdb::ReplacementScan(Resolve, duckdb::make_uniq<ResolverData>(resolver));
}

Status ExplainWriteToSource(const TableResolver& resolver, duckdb::SQLStatement& statement,
                            Status error) {
  if (!resolver || error.code() != StatusCode::kInvalidArgument) return error;
  const bool no_table = error.message().find("does not exist") != std::string::npos ||
                        error.message().find("base table") != std::string::npos;
  const TargetName target = TargetOf(statement);
  if (!no_table || target.table.empty()) return error;
  auto select = resolver(target.catalog, target.schema, target.table);
  if (!select.ok() || !select->has_value()) return error;
  return InvalidArgument(
      "{0} reads files or results and cannot be changed by SQL. Make a table of it first: "
      "CREATE TABLE copy AS SELECT * FROM {0}",
      QuoteIdentifier(target.table));
}

}  // namespace iolite::sql
