#include "iolite/search/internal/scan_rows.h"

#include <arrow/array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <unordered_map>

#include "iolite/columnar/arrow_status.h"
#include "iolite/search/internal/gather.h"
#include "iolite/search/internal/text_column.h"
#include "iolite/sql/condition.h"
#include "iolite/sql/database.h"

namespace iolite::search::internal {
namespace {

/// The type of the key as the SQL name that KeyIn() knows, or something it does not.
std::string_view KeyTypeName(const arrow::Schema& schema, const std::string& key_column) {
  const auto field = schema.GetFieldByName(key_column);
  if (!field) return {};
  if (field->type()->id() == arrow::Type::STRING) return "VARCHAR";
  return arrow::is_integer(field->type()->id()) ? "BIGINT" : "";
}

/// Row numbers of a table by the text in its first column; the first row of a key counts.
Result<std::unordered_map<std::string_view, int64_t>> RowsByKey(const arrow::Table& table) {
  std::unordered_map<std::string_view, int64_t> rows;
  int64_t row = 0;
  IOLITE_RETURN_IF_ERROR(ForEachText(*table.column(0), [&](std::optional<std::string_view> key) {
    if (key) rows.emplace(*key, row);
    ++row;
    return Status::Ok();
  }));
  return rows;
}

}  // namespace

Status FilterError(const RequestContext& context, SessionPool& sessions, const Relation& relation,
                   std::string_view condition, const Status& error) {
  if (error.code() != StatusCode::kInvalidArgument) return error;
  IOLITE_RETURN_IF_ERROR(
      sessions.CheckCondition(context, relation.select, relation.name, condition));
  return error;
}

Result<std::shared_ptr<arrow::Schema>> ScanRows::Schema(const RequestContext& context) {
  IOLITE_ASSIGN_OR_RETURN(
      const std::shared_ptr<arrow::Table> table,
      sessions_->QueryTable(context, fmt::format("SELECT * FROM {} LIMIT 0", relation_.from)));
  return table->schema();
}

Result<FetchedRows> ScanRows::Fetch(const RequestContext& context,
                                    std::span<const std::string_view> row_ids,
                                    const std::vector<std::string>& columns) {
  IOLITE_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Schema> schema, Schema(context));
  IOLITE_ASSIGN_OR_RETURN(const std::vector<int> wanted,
                          SelectColumns(*schema, columns, relation_.name));
  std::string list = relation_.KeyText();
  for (const int column : wanted)
    list += ", " + sql::QuoteIdentifier(schema->field(column)->name());
  const std::string statement =
      fmt::format("SELECT {} FROM {} WHERE {}", list, relation_.from,
                  relation_.KeyIn(KeyTypeName(*schema, relation_.key_column), row_ids));
  IOLITE_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Table> table,
                          sessions_->QueryTable(context, statement));
  IOLITE_ASSIGN_OR_RETURN(const auto rows_by_key, RowsByKey(*table));

  std::vector<int64_t> rows;
  for (const std::string_view id : row_ids) {
    const auto found = rows_by_key.find(id);
    rows.push_back(found == rows_by_key.end() ? -1 : found->second);
  }
  std::vector<std::shared_ptr<arrow::Field>> fields;
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (size_t i = 0; i < wanted.size(); ++i) {
    IOLITE_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array,
                            GatherRows(*table->column(static_cast<int>(i) + 1), rows));
    fields.push_back(schema->field(wanted[i]));
    arrays.push_back(std::move(array));
  }
  return FetchedRows{
      arrow::Table::Make(arrow::schema(fields), arrays, static_cast<int64_t>(row_ids.size())),
      std::ranges::count(rows, -1), "scan"};
}

Result<FilterRows> ScanRows::Filter(const RequestContext& context,
                                    const results::Snapshot& snapshot, std::string_view condition) {
  Result<std::shared_ptr<arrow::Table>> keys =
      sessions_->QueryTable(context, fmt::format("SELECT {} FROM {} WHERE {}", relation_.KeyText(),
                                                 relation_.from, sql::WrapCondition(condition)));
  if (!keys.ok()) return FilterError(context, *sessions_, relation_, condition, keys.status());
  std::vector<std::string_view> ids;
  ids.reserve(static_cast<size_t>((*keys)->num_rows()));
  IOLITE_RETURN_IF_ERROR(ForEachText(*(*keys)->column(0), [&](std::optional<std::string_view> key) {
    if (key) ids.push_back(*key);
    return Status::Ok();
  }));
  return RowsOfKeys(snapshot, ids);
}

}  // namespace iolite::search::internal
