#include "iolite/engine/functions/embed_function.h"
#include "iolite/engine/functions/search_functions.h"
#include "iolite/engine/local_engine.h"

namespace iolite::engine {

Status LocalEngine::RegisterFunctions() {
  IOLITE_RETURN_IF_ERROR(database_->RegisterScalarFunction(
      EmbedFunction(*models_, "embed", models::TextRole::kDocument)));
  IOLITE_RETURN_IF_ERROR(database_->RegisterScalarFunction(
      EmbedFunction(*models_, "embed_query", models::TextRole::kQuery)));
  IOLITE_RETURN_IF_ERROR(database_->RegisterTableFunction(SearchFunction(*searcher_)));
  return database_->RegisterTableFunction(NearestFunction(*searcher_));
}

}  // namespace iolite::engine
