#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/catalog/catalog.h"
#include "iolite/sql/database.h"

namespace iolite::sql {

/// Columns and, of a CSV, the way it is written.
struct FileSchema {
  std::vector<catalog::ColumnEntry> columns;
  std::string delimiter;
  std::string escape;
  std::string new_line;
  std::string header;
  std::string date_format;
  std::string timestamp_format;
};

/// What one file holds. `whole` looks at all of it, not only at its beginning.
Result<FileSchema> ReadFileSchema(const RequestContext& context, Session& session,
                                  std::string_view format, const std::string& path, bool whole);

/// The schema of all files. kInvalidArgument names the first two files, and the column, that
/// differ.
Result<FileSchema> MergeSchemas(std::string_view format,
                                const std::vector<catalog::FileAnchor>& files,
                                const std::vector<FileSchema>& schemas);

/// read_csv's arguments for a dialect.
std::string ReaderOptions(const FileSchema& schema);

/// The rows of `sql` as text; null is empty.
Result<std::vector<std::vector<std::string>>> QueryText(const RequestContext& context,
                                                        Session& session, const std::string& sql);

/// DuckDB's complaint about a file, without advice on settings that a person does not have here.
Status ExplainReadError(std::string_view format, std::string_view path, const Status& error);

}  // namespace iolite::sql
