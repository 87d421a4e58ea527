#pragma once

#include <string_view>

#include "iolite/models/model_store.h"
#include "iolite/sql/database.h"

namespace iolite::engine {

/// `rerank(model, query, text)`: FLOAT, higher is better.
sql::ScalarFunction RerankFunction(models::ModelStore& models);
/// `classify(model, text)`: STRUCT(label, confidence, scores), scores being those of all labels.
sql::ScalarFunction ClassifyFunction(models::ModelStore& models);
/// `entities(model, text)`, or with a third argument, the strategy: a list of STRUCT(text, label,
/// confidence, start, end).
sql::ScalarFunction EntitiesFunction(models::ModelStore& models, bool with_strategy);
/// `FROM t, entities(model, t.text) e`: a row for each entity.
inline constexpr std::string_view kEntitiesMacro =
    "CREATE MACRO entities(model, body, strategy := 'first') AS TABLE SELECT _e.text AS text, "
    "_e.label AS label, _e.confidence AS confidence, _e.start AS start, _e.\"end\" AS \"end\" FROM "
    "(SELECT unnest(entities(model, body, strategy)) AS _e)";
/// `annotate(model, task, (SELECT …))`: the subquery's columns, the task's own, _status, _error.
sql::RowsFunction AnnotateFunction(models::ModelStore& models);

}  // namespace iolite::engine
