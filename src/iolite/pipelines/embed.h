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
  int64_t unchanged = 0;  ///< rows whose vectors were kept, those of an interrupted run too
  int64_t hidden = 0;     ///< rows that are gone from the source or replaced
  int64_t failed = 0;     ///< rows without text, and rows the model refused: `jobs show --errors`
  double seconds = 0;
  double seconds_outside_model = 0;  ///< neither loading the model nor running it
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
  storage::ObjectStore* store =
      nullptr;  ///< rooted at the database, for imports/; embedding needs none
  /// Rows that are tokenized and sorted by length together; the bounds on memory and on how long
  /// one step takes.
  int64_t window_row_count = 8192;
  int64_t window_text_bytes = 1 << 20;
  /// Rows, or text, between two durable points.
  int64_t part_row_count = 16'384;
  int64_t part_text_bytes = 4 << 20;
};

/// Embeds the rows of a source as a job: streams, runs, writes and seals; continues what a killed
/// run of the same definition left; embeds only rows that are new or changed.
///
/// Keys are cast to VARCHAR and become `_row_id`. A text of nothing but white space and control
/// characters is empty: its row is left out, counted as failed, and listed with the job.
///
/// kNotFound for an unknown source or model, kInvalidArgument for an unknown column, a null or
/// duplicate key, a source of nothing but empty texts: then nothing changes. kCancelled when the
/// context or `jobs cancel` says so, kResourceExhausted for a full disk, the model's own error when
/// it fails as a whole: then finished parts stay for the next run.
///
/// Threads: uses three of its own beside those of the database and the model. Memory: a few windows
/// and one part; on a refresh about 50 bytes a row that is known.
Result<EmbedSummary> Embed(const RequestContext& context, const PipelineOptions& options,
                           const EmbedRequest& request, const ProgressFunction& progress);

}  // namespace iolite::pipelines
