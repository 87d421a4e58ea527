#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/pipelines/embed.h"
#include "iolite/pipelines/internal/known_rows.h"
#include "iolite/pipelines/internal/part_writer.h"
#include "iolite/pipelines/internal/running_job.h"

namespace iolite::pipelines {

/// What makes two jobs the same: equal definitions continue and refresh one table.
struct Definition {
  results::Materialization made;  ///< source, task, model, columns, metric, …
  std::string hash;
};
/// The definition of `made`; its parameters count too.
Definition Define(results::Materialization made);

/// The table that a definition has, what is in it, and what an interrupted run left for it.
struct TablePlan {
  std::string table;
  std::shared_ptr<const results::Snapshot> snapshot;  ///< null for a new table
  std::unique_ptr<results::ResultRun> run;            ///< null when nothing was interrupted
  KnownRows stored;
  KnownRows recovered;
  int64_t replaced_count = 0;  ///< stored rows that were met and will be replaced

  /// Compares with what an interrupted run left first: it is newer.
  KnownRows::Match Meet(std::string_view row_id, std::string_view content_hash);
};

/// Finds the table in the catalog, else an interrupted run, else makes a name.
Result<TablePlan> PlanTable(const RequestContext& context, const PipelineOptions& options,
                            const Definition& definition);

/// Hides what is gone, commits where there is anything to commit, and enters the table into the
/// catalog. Returns how many visible rows were hidden.
Result<int64_t> SealTable(const RequestContext& context, const PipelineOptions& options,
                          const Definition& definition, TablePlan& plan, PartWriter& parts);

}  // namespace iolite::pipelines
