#pragma once

#include "iolite/base/status.h"
#include "iolite/catalog/catalog.h"
#include "iolite/results/result_table.h"

namespace iolite::pipelines {

/// A result table as the catalog lists it.
catalog::TableEntry TableEntryOf(const results::Materialization& made);

/// Enters result tables that the catalog does not know, because a crash came between a commit and
/// the catalog or because a folder was copied. Damaged ones are left out with a warning. Cheap when
/// there is nothing to do: two lists.
Status AdoptTables(catalog::Catalog& catalog, results::ResultStore& results);

}  // namespace iolite::pipelines
