#pragma once

#include "iolite/catalog/internal/sqlite.h"

namespace iolite::catalog::internal {

/// The newest format this release writes and reads, in `PRAGMA user_version`.
inline constexpr int64_t kFormatNewest = 2;
/// `PRAGMA application_id` of a catalog: "Iolt".
inline constexpr int64_t kApplicationId = 0x496F6C74;

/// Makes the tables of a new file, adds those that an older format lacks, or refuses:
/// kUnimplemented for a newer format, kFailedPrecondition for a database of another program.
/// Several processes may call it at once.
Status PrepareSchema(Connection& connection, const std::string& path);

/// The refusals of PrepareSchema(), changing nothing. kFailedPrecondition for a file without
/// tables.
Status CheckSchema(Connection& connection, const std::string& path);

}  // namespace iolite::catalog::internal
