#include "iolite/engine/functions/annotate_functions.h"
#include "iolite/engine/functions/embed_function.h"
#include "iolite/engine/functions/search_functions.h"
#include "iolite/engine/local_engine.h"

namespace iolite::engine {

Status LocalEngine::RegisterFunctions() {
  IOLITE_RETURN_IF_ERROR(database_->RegisterScalarFunction(
      EmbedFunction(*models_, "embed", models::TextRole::kDocument)));
  IOLITE_RETURN_IF_ERROR(database_->RegisterScalarFunction(
      EmbedFunction(*models_, "embed_query", models::TextRole::kQuery)));
  IOLITE_RETURN_IF_ERROR(database_->RegisterScalarFunction(RerankFunction(*models_)));
  IOLITE_RETURN_IF_ERROR(database_->RegisterScalarFunction(ClassifyFunction(*models_)));
  for (bool with_strategy : {false, true}) {
    IOLITE_RETURN_IF_ERROR(
        database_->RegisterScalarFunction(EntitiesFunction(*models_, with_strategy)));
  }
  IOLITE_RETURN_IF_ERROR(database_->RegisterMacro(kEntitiesMacro));
  IOLITE_RETURN_IF_ERROR(database_->RegisterRowsFunction(AnnotateFunction(*models_)));
  IOLITE_RETURN_IF_ERROR(database_->RegisterTableFunction(SearchFunction(*searcher_)));
  return database_->RegisterTableFunction(NearestFunction(*searcher_));
}

}  // namespace iolite::engine
