#include <arrow/table.h>

#include "iolite/engine/local_engine.h"
#include "iolite/sql/source.h"

namespace iolite::engine {
namespace {

std::string_view StateName(const Result<sql::SourceState>& state) {
  if (!state.ok()) return "gone";
  switch (*state) {
    case sql::SourceState::kUnchanged: return "ready";
    case sql::SourceState::kChanged: return "changed";
    case sql::SourceState::kGone: return "gone";
  }
  return "gone";
}

std::string Names(const std::vector<catalog::SourceEntry>& sources) {
  std::string names;
  for (const auto& source : sources) names += (names.empty() ? "" : ", ") + source.name;
  return names.empty() ? "there are none; add one: iolite sources add NAME FILE" : names;
}

Result<bool> IsSqlTable(const RequestContext& context, sql::Database& database,
                        std::string_view name) {
  IOLITE_ASSIGN_OR_RETURN(auto session, database.Connect());
  IOLITE_ASSIGN_OR_RETURN(
      const auto found,
      session->QueryTable(
          context, fmt::format("SELECT 1 FROM (SELECT table_name AS name FROM duckdb_tables() "
                               "UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal) "
                               "WHERE lower(name) = lower({})",
                               sql::QuoteLiteral(name))));
  return found->num_rows() > 0;
}

}  // namespace

Result<SourceInfo> LocalEngine::AddSource(const SourceOptions& options, const CallOptions& call) {
  IOLITE_RETURN_IF_ERROR(RequireWritable("add a source"));
  auto context = MakeContext(call);
  if (catalog_->GetSource(options.name).ok()) {
    return AlreadyExists("Source {0} exists. Remove it first: iolite sources remove {0}",
                         options.name);
  }
  IOLITE_ASSIGN_OR_RETURN(const bool is_sql_table, IsSqlTable(context, *database_, options.name));
  if (is_sql_table) {
    return AlreadyExists(
        "There is an SQL table or view {}, which would hide the source. Choose another name, or "
        "drop that first",
        sql::QuoteIdentifier(options.name));
  }
  IOLITE_ASSIGN_OR_RETURN(
      auto entry,
      sql::ReadSource(context, *database_, {options.name, options.paths, options.format}));
  IOLITE_RETURN_IF_ERROR(catalog_->AddSource(entry));
  return DescribeEntry(entry);
}

Result<SourceInfo> LocalEngine::DescribeEntry(const catalog::SourceEntry& entry) {
  SourceInfo info{.name = entry.name,
                  .format = entry.format,
                  .paths = entry.patterns,
                  .row_count = entry.row_count,
                  .file_count = static_cast<int64_t>(entry.files.size()),
                  .state = std::string(StateName(sql::CheckSource(entry))),
                  .created_us = entry.created_us};
  for (const auto& column : entry.columns) info.columns.push_back({column.name, column.type});
  for (const auto& file : entry.files) info.size_bytes += file.size_bytes;
  IOLITE_ASSIGN_OR_RETURN(auto tables, catalog_->ListTables(entry.name));
  for (const auto& table : tables) info.tables.push_back(table.name);
  return info;
}

Result<std::vector<SourceInfo>> LocalEngine::ListSources() {
  IOLITE_ASSIGN_OR_RETURN(auto entries, catalog_->ListSources());
  std::vector<SourceInfo> infos;
  for (const auto& entry : entries) {
    IOLITE_ASSIGN_OR_RETURN(auto info, DescribeEntry(entry));
    infos.push_back(std::move(info));
  }
  return infos;
}

Result<SourceInfo> LocalEngine::DescribeSource(std::string_view name) {
  auto entry = FreshSource(name);
  if (entry.ok()) return DescribeEntry(*entry);
  // A source whose files have gone is still described as it was registered.
  auto stored = catalog_->GetSource(name);
  return stored.ok() ? DescribeEntry(*stored) : Result<SourceInfo>(entry.status());
}

Status LocalEngine::RemoveSource(std::string_view name) {
  IOLITE_RETURN_IF_ERROR(RequireWritable("remove a source"));
  if (!catalog_->GetSource(name).ok()) return FreshSource(name).status();
  return catalog_->RemoveSource(name);
}

Result<catalog::SourceEntry> LocalEngine::FreshSource(std::string_view name) {
  auto entry = catalog_->GetSource(name);
  if (!entry.ok()) {
    if (entry.status().code() != StatusCode::kNotFound) return entry.status();
    IOLITE_ASSIGN_OR_RETURN(auto all, catalog_->ListSources());
    return NotFound("There is no source {:?}. Sources: {}", name, Names(all));
  }
  IOLITE_ASSIGN_OR_RETURN(auto state, sql::CheckSource(*entry));
  if (state == sql::SourceState::kUnchanged) return entry;
  IOLITE_ASSIGN_OR_RETURN(auto now, sql::RefreshSource({}, *database_, *entry));
  if (!read_only_) IOLITE_RETURN_IF_ERROR(catalog_->UpdateSource(now));
  return now;
}

Result<std::optional<std::string>> LocalEngine::ResolveTable(std::string_view catalog,
                                                             std::string_view schema,
                                                             std::string_view table) {
  bool plain = catalog.empty() && schema.empty();
  bool full = catalog == table && schema == "public";
  if (!plain && !full) return std::nullopt;
  if (catalog_->GetSource(table).ok()) {
    IOLITE_ASSIGN_OR_RETURN(auto source, FreshSource(table));
    return sql::SourceSelect(source);
  }
  if (catalog_->GetTable(table).ok()) {
    IOLITE_ASSIGN_OR_RETURN(auto select, results_->SelectStatement(table));
    return select;
  }
  return std::nullopt;
}

}  // namespace iolite::engine
