#pragma once

#include <memory>
#include <string>

#include "iolite/sql/database.h"
#include "iolite/sql/internal/duckdb_error.h"
#include "iolite/sql/internal/watchdog.h"

namespace iolite::sql {

/// What a Database, its sessions and their results share; the last of them closes the file.
struct DatabaseState {
  TableResolver resolver;
  Watchdog watchdog;
  bool read_only = false;
  std::shared_ptr<void> file_claim;  ///< keeps a second Open in this process from the same file
  duckdb::unique_ptr<duckdb::DuckDB> database;
};

}  // namespace iolite::sql
