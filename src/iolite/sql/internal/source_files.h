#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/catalog/catalog.h"

/// Which files a source has. Knows paths and endings, not what is in the files.

namespace iolite::sql {

/// parquet, csv, json, jsonl by the ending of `path`, also before `.gz` and `.zst`; nothing when
/// unknown.
std::optional<std::string> FormatOfPath(std::string_view path);
bool IsFormat(std::string_view format);

/// `pattern` as it is kept: absolute, and a folder as the glob of its files of one format.
///
/// kNotFound for a folder without such files.
Result<std::string> NormalizePattern(const std::string& pattern, std::string_view format);

/// The files that `pattern` names now, sorted; empty when there are none. `*`, `?` and `[…]` stand
/// within one folder, `**` for any number of folders. A file whose name is exactly the pattern is
/// that file.
std::vector<std::string> ExpandPattern(const std::string& pattern);

/// Size and time of change. kNotFound, kPermissionDenied, kInvalidArgument for what is no regular
/// file.
Result<catalog::FileAnchor> AnchorFile(const std::string& path);

/// `path` so that DuckDB takes it for one file, whatever its name is.
std::string EscapeGlob(std::string_view path);

}  // namespace iolite::sql
