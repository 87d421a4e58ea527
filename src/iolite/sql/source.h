#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/status.h"
#include "iolite/catalog/catalog.h"
#include "iolite/sql/database.h"

/// Files as tables.

namespace iolite::sql {

struct SourceRequest {
  std::string name;
  std::vector<std::string> patterns;  ///< paths, globs and folders, relative to the working folder
  std::string format;                 ///< parquet, csv, json, jsonl; empty: from the ending
};

/// Reads the schema and the row count of files and checks that they fit together. CSV and JSON are
/// parsed to their end, so that later queries do not meet a value that does not fit. The entry is
/// not stored.
///
/// kNotFound for a missing file, or a pattern or folder without files; kPermissionDenied for one
/// that cannot be read; kInvalidArgument, naming the file, for broken files, files of different
/// schemas, an empty source, an unknown ending, a bad name.
Result<catalog::SourceEntry> ReadSource(const RequestContext& context, Database& database,
                                        const SourceRequest& request);

/// Reads a source anew that CheckSource() found changed; name and time of creation stay.
///
/// kNotFound when a file has gone; kFailedPrecondition, naming it, when a column has.
Result<catalog::SourceEntry> RefreshSource(const RequestContext& context, Database& database,
                                           const catalog::SourceEntry& source);

/// What a source's files look like now, against its entry: by path, size and time of change.
enum class SourceState { kUnchanged, kChanged, kGone };
/// `detail`, where given, tells which file and what about it.
Result<SourceState> CheckSource(const catalog::SourceEntry& source, std::string* detail = nullptr);

/// The SELECT statement that reads the whole source: for a TableResolver. It names the files and
/// the types that the entry has, so that what was read at first is what every query reads.
std::string SourceSelect(const catalog::SourceEntry& source);

/// A SELECT of where rows stand and of `columns`: `_file_index`, `_file_row`, then the columns as
/// they are named. `where` is an SQL condition that CheckCondition() found good, or empty.
/// Positions count from 0 and stay while the files do; Parquet tells them by itself and reads no
/// other columns for them, other formats are counted through (`_file_index` is 0).
std::string SourcePositionSelect(const catalog::SourceEntry& source,
                                 std::span<const std::string> columns, std::string_view where);

/// Where a row stands in its source.
struct SourcePosition {
  int64_t file_index = 0;
  int64_t file_row = 0;
};

/// A SELECT like SourcePositionSelect's of the rows at `positions` only, in any order. Of Parquet
/// it reads the row groups in which they lie; other formats are read through.
std::string SourceFetchSelect(const catalog::SourceEntry& source,
                              std::span<const std::string> columns,
                              std::span<const SourcePosition> positions);

}  // namespace iolite::sql
