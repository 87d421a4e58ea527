#pragma once

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
  std::vector<std::string> patterns;  ///< paths and globs, relative to the working folder
  std::string format;                 ///< empty: from the ending
};

/// Reads the schema and the row count of files and checks that they fit together. The entry is not
/// stored.
///
/// kNotFound for a missing file or a pattern without files; kInvalidArgument, naming the file, for
/// broken files, files of different schemas, an empty source, an unknown ending, a bad name.
Result<catalog::SourceEntry> ReadSource(const RequestContext& context, Database& database,
                                        const SourceRequest& request);

/// What a source's files look like now, against its entry.
enum class SourceState { kUnchanged, kChanged, kGone };
Result<SourceState> CheckSource(const catalog::SourceEntry& source);

/// The SELECT statement that reads the whole source: for a TableResolver.
std::string SourceSelect(const catalog::SourceEntry& source);

}  // namespace iolite::sql
