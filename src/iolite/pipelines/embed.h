#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/progress.h"
#include "iolite/base/random.h"
#include "iolite/base/status.h"
#include "iolite/catalog/catalog.h"
#include "iolite/models/model_store.h"
#include "iolite/results/result_table.h"
#include "iolite/sql/database.h"

namespace iolite::pipelines {

struct EmbedRequest {
  std::string source;  ///< a source or an SQL table
  std::string model;
  std::vector<std::string> columns;  ///< joined with a space, nulls skipped
  std::string key;
  std::string precision = "auto";  ///< f32, bf16, auto
};

struct EmbedSummary {
  std::string job_id;
  std::string table;
  int64_t rows = 0;       ///< rows the source has
  int64_t embedded = 0;   ///< new or changed rows that went through the model
  int64_t unchanged = 0;  ///< rows whose vectors were kept
  int64_t hidden = 0;     ///< rows that are gone from the source or replaced
  int64_t failed = 0;     ///< rows without text, and rows the model refused: `jobs show --errors`
  double seconds = 0;
  double seconds_outside_model = 0;
  int64_t tokens = 0;
};

/// What embedding and importing need from the rest of the house.
struct PipelineOptions {
  catalog::Catalog* catalog = nullptr;
  results::ResultStore* results = nullptr;
  sql::Database* database = nullptr;
  models::ModelStore* models = nullptr;
  Executor* executor = nullptr;
  Budget* budget = &Budget::Unlimited();
  Clock* clock = &Clock::System();
  Random* random = &Random::System();
  int64_t window_row_count = 8192;  ///< rows sorted by length together
  int64_t part_row_count = 16384;   ///< rows between two durable points
};

/// Embeds the rows of a source as a job: streams, runs, writes and seals; continues what a killed run of
/// the same definition left; embeds only rows that are new or changed.
///
/// kInvalidArgument for an unknown column, a null or duplicate key, a source of nothing but empty texts;
/// kCancelled when the context or `jobs cancel` says so: finished parts stay for the next run.
Result<EmbedSummary> Embed(const RequestContext& context, const PipelineOptions& options,
                           const EmbedRequest& request, const ProgressFunction& progress);

}  // namespace iolite::pipelines
