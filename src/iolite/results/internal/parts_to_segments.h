#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/progress.h"
#include "iolite/results/internal/run_parts.h"
#include "iolite/results/internal/table_storage.h"

namespace iolite::results {

/// Streams the parts of a run into sealed segments of at most `segment_row_count_max` rows. Holds a
/// row group and the index in the making, whatever the number of rows.
///
/// Threads: one.
class PartsToSegments {
 public:
  /// `manifest` receives the segments and what is known of their rows files; its materialization
  /// says source, model and metric.
  PartsToSegments(TableStorage& storage, TableManifest& manifest, int64_t row_count,
                  const ProgressFunction& progress)
      : storage_(storage), manifest_(manifest), progress_(progress), row_count_(row_count) {}

  Status Run(const RequestContext& context, const RunParts& parts);

 private:
  Status Add(const RequestContext& context, std::shared_ptr<arrow::RecordBatch> rows);
  Status AddPiece(const RequestContext& context, const arrow::RecordBatch& rows);
  Status StartSegment();
  Status SealSegment(const RequestContext& context);
  Result<std::shared_ptr<arrow::RecordBatch>> WithNames(const arrow::RecordBatch& rows);

  TableStorage& storage_;
  TableManifest& manifest_;
  const ProgressFunction& progress_;
  const int64_t row_count_;
  int64_t rows_done_ = 0;
  std::string stem_;
  int64_t segment_row_count_ = 0;
  std::unique_ptr<segments::SegmentBuilder> builder_;
  std::shared_ptr<arrow::Array> source_ids_, model_ids_;
};

}  // namespace iolite::results
