#pragma once

#include <string>

#include "iolite/results/internal/table_storage.h"

namespace iolite::results {

/// The SELECT statement over the visible rows of a version. kUnimplemented where the store has no
/// files.
Result<std::string> SelectVisible(const TableStorage& storage, const Snapshot& snapshot);

}  // namespace iolite::results
