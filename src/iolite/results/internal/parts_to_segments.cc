#include "iolite/results/internal/parts_to_segments.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <utility>

#include "iolite/columnar/arrow_status.h"
#include "iolite/results/internal/table_files.h"

namespace iolite::results {
namespace {

// Small enough that cancelling and progress are felt.
constexpr int64_t kPieceRowCount = 4096;

Result<std::shared_ptr<arrow::Array>> Repeated(const std::string& text) {
  IOLITE_ASSIGN_OR_RETURN_ARROW(
      auto array, arrow::MakeArrayFromScalar(arrow::StringScalar(text), kPieceRowCount));
  return array;
}

}  // namespace

Status PartsToSegments::Run(const RequestContext& context, const RunParts& parts) {
  IOLITE_ASSIGN_OR_RETURN(source_ids_, Repeated(manifest_.materialization.source));
  IOLITE_ASSIGN_OR_RETURN(model_ids_, Repeated(manifest_.materialization.model_id));
  IOLITE_RETURN_IF_ERROR(parts.ForEach(
      [&](std::shared_ptr<arrow::RecordBatch> rows) { return Add(context, std::move(rows)); }));
  return builder_ ? SealSegment(context) : Status::Ok();
}

Status PartsToSegments::Add(const RequestContext& context,
                            std::shared_ptr<arrow::RecordBatch> rows) {
  int64_t segment_max = storage_.options().segment_row_count_max;
  for (int64_t begin = 0; begin < rows->num_rows();) {
    IOLITE_RETURN_IF_ERROR(context.Check());
    if (!builder_) IOLITE_RETURN_IF_ERROR(StartSegment());
    int64_t count =
        std::min({kPieceRowCount, rows->num_rows() - begin, segment_max - segment_row_count_});
    IOLITE_RETURN_IF_ERROR(AddPiece(context, *rows->Slice(begin, count)));
    begin += count;
    if (segment_row_count_ == segment_max) IOLITE_RETURN_IF_ERROR(SealSegment(context));
  }
  return Status::Ok();
}

Status PartsToSegments::AddPiece(const RequestContext& context, const arrow::RecordBatch& rows) {
  IOLITE_ASSIGN_OR_RETURN(auto named, WithNames(rows));
  IOLITE_RETURN_IF_ERROR(builder_->Add(context, *named));
  segment_row_count_ += rows.num_rows();
  rows_done_ += rows.num_rows();
  if (progress_) progress_({.rows_done = rows_done_, .rows_total = row_count_});
  return Status::Ok();
}

Status PartsToSegments::StartSegment() {
  stem_ = SegmentStem(manifest_.table, manifest_.segment_index_next++);
  segment_row_count_ = 0;
  const auto& made = manifest_.materialization;
  IOLITE_ASSIGN_OR_RETURN(auto metric, vector::ParseMetric(made.metric));
  segments::SegmentBuildOptions build = storage_.options().index;
  build.metric = metric;
  build.dimension = made.dimension;
  build.row_count_expected =
      std::clamp<int64_t>(row_count_ - rows_done_, 0, storage_.options().segment_row_count_max);
  IOLITE_ASSIGN_OR_RETURN(builder_,
                          segments::SegmentBuilder::Make(storage_.segment_options(), stem_, build));
  return Status::Ok();
}

Status PartsToSegments::SealSegment(const RequestContext& context) {
  IOLITE_ASSIGN_OR_RETURN(auto sealed, builder_->Seal(context));
  builder_.reset();
  manifest_.segments.push_back({.stem = stem_, .row_count = sealed.row_count});
  manifest_.materialization.rows_files.push_back(sealed.files.front());
  return Status::Ok();
}

Result<std::shared_ptr<arrow::RecordBatch>> PartsToSegments::WithNames(
    const arrow::RecordBatch& rows) {
  auto text = [](const char* name) { return arrow::field(name, arrow::utf8(), false); };
  auto schema = arrow::schema({text("_row_id"), text("_source_id"), text("_model_id"),
                               text("_content_hash"), rows.schema()->field(2)});
  return arrow::RecordBatch::Make(
      std::move(schema), rows.num_rows(),
      {rows.column(0), source_ids_->Slice(0, rows.num_rows()),
       model_ids_->Slice(0, rows.num_rows()), rows.column(1), rows.column(2)});
}

}  // namespace iolite::results
