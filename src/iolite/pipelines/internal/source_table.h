#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/pipelines/embed.h"

namespace iolite::pipelines {

/// What a pipeline reads rows from, as SQL can say it.
struct SourceTable {
  std::string name;
  std::string from;  ///< what stands behind FROM
  std::vector<std::string> columns;
  std::vector<results::Materialization::Input> inputs;  ///< its files; none for an SQL table
};

/// A registered source, read anew where its files changed; else an SQL table of that name.
/// kNotFound lists what there is, or says which files have gone.
Result<SourceTable> FindSourceTable(const RequestContext& context, const PipelineOptions& options,
                                    std::string_view name);

/// The column as the source spells it. kInvalidArgument lists the columns there are.
Result<std::string> FindColumn(const SourceTable& table, std::string_view column);

/// Files of a source as a materialization keeps them.
std::vector<results::Materialization::Input> InputsOf(const catalog::SourceEntry& entry);

/// Checks that `key` names every row of `table` once, in one scan of that column, and counts the
/// rows. kInvalidArgument names the first row without a key or keys that occur again, and an empty
/// source.
Result<int64_t> CheckKeys(const RequestContext& context, sql::Session& session,
                          const SourceTable& table, std::string_view key);

}  // namespace iolite::pipelines
