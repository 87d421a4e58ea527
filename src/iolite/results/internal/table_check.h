#pragma once

#include <string_view>
#include <vector>

#include "iolite/results/internal/table_storage.h"

namespace iolite::results {

/// What is wrong with a table's objects.
Result<std::vector<VerifyFinding>> VerifyTable(const RequestContext& context,
                                               const TableStorage& storage, std::string_view table);

/// Rebuilds what is derived and not sound. kDataLoss names what cannot be rebuilt, after the rest
/// was.
Status RepairTable(const RequestContext& context, TableStorage& storage, std::string_view table);

}  // namespace iolite::results
