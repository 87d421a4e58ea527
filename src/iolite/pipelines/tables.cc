#include "iolite/pipelines/tables.h"

#include <set>

#include "iolite/base/log.h"

namespace iolite::pipelines {

catalog::TableEntry TableEntryOf(const results::Materialization& made) {
  return {.name = made.table,
          .source = made.source,
          .task = made.task,
          .model_id = made.model_id,
          .key_column = made.key_column,
          .text_columns = made.text_columns,
          .metric = made.metric,
          .dimension = made.dimension,
          .definition_hash = made.definition_hash,
          .created_us = made.created_us};
}

Status AdoptTables(catalog::Catalog& catalog, results::ResultStore& results) {
  IOLITE_ASSIGN_OR_RETURN(auto entries, catalog.ListTables());
  IOLITE_ASSIGN_OR_RETURN(auto tables, results.List());
  std::set<std::string> known;
  for (const auto& entry : entries) known.insert(entry.name);
  for (const auto& table : tables) {
    if (known.contains(table)) continue;
    auto snapshot = results.Get(table);
    if (!snapshot.ok()) {
      LogWarning("The table '{}' is not listed: {}", table, snapshot.status().message());
      continue;
    }
    IOLITE_RETURN_IF_ERROR(catalog.PutTable(TableEntryOf((*snapshot)->materialization)));
  }
  return Status::Ok();
}

}  // namespace iolite::pipelines
