#pragma once

#include "iolite/models/model_store.h"
#include "iolite/sql/database.h"

namespace iolite::engine {

/// `embed(model, text)` with the document prompt, `embed_query(model, text)` with the query prompt:
/// FLOAT[n], n being the model's dimension. The model must be constant. A null text gives null.
sql::ScalarFunction EmbedFunction(models::ModelStore& models, std::string name,
                                  models::TextRole role);

}  // namespace iolite::engine
