#pragma once

#include "iolite/search/search.h"
#include "iolite/sql/database.h"

namespace iolite::engine {

/// `search(source, text, k := 10, where := '…', exact := false, ef := 0, target_recall := 0)`: rows
/// nearest to a text, by the model that made the source's vectors.
sql::TableFunction SearchFunction(search::Searcher& searcher);

/// `nearest(source, vector, k, where := '…', exact := false, ef := 0, target_recall := 0)`: rows
/// nearest to a vector.
sql::TableFunction NearestFunction(search::Searcher& searcher);

}  // namespace iolite::engine
