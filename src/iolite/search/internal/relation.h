#pragma once

#include <arrow/type_fwd.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/catalog/catalog.h"

namespace iolite::search::internal {

/// How SQL reads a source, and how its rows are told apart.
struct Relation {
  std::string name;    ///< as people say it
  std::string from;    ///< what stands after FROM, alias included
  std::string select;  ///< all of it as a SELECT statement
  std::string key_column;

  /// The key as the text that `_row_id` holds.
  std::string KeyText() const;
  /// A condition that the rows of these ids fulfil; `key_type` spares a cast where it is text or a
  /// number.
  std::string KeyIn(std::string_view key_type, std::span<const std::string_view> row_ids) const;
};

/// As SQL compares names.
bool EqualIgnoringCase(std::string_view left, std::string_view right);

/// The relation of a source of files, and of an SQL table.
Relation FileRelation(const catalog::SourceEntry& source, std::string_view key_column);
Relation TableRelation(std::string_view name, std::string_view key_column);

/// The columns asked for as they stand in `schema`: all when none is named, each once, found by
/// exact name first and else without regard to case. kInvalidArgument lists the columns when one is
/// unknown.
Result<std::vector<int>> SelectColumns(const arrow::Schema& schema,
                                       const std::vector<std::string>& names,
                                       std::string_view source);

}  // namespace iolite::search::internal
