#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>

#include "iolite/arrow_c.h"
#include "iolite/cli/console.h"

namespace iolite::cli {

/// Prints a stream of rows in the console's format: an aligned table, CSV with a heading, one JSON
/// object a row, or a Parquet file. Streams, except the aligned table, which keeps its first rows
/// to measure columns.
Status PrintRows(const Console& console, ArrowStream stream);

/// All rows of a stream in memory; null for an empty stream object.
Result<std::shared_ptr<arrow::Table>> ReadAll(ArrowStream stream);

}  // namespace iolite::cli
