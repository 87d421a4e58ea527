#include "iolite/results/internal/stored_run.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <utility>

#include "iolite/base/log.h"
#include "iolite/results/internal/hidden_rows.h"
#include "iolite/results/internal/parts_to_segments.h"
#include "iolite/results/internal/table_files.h"

namespace iolite::results {
namespace {

constexpr size_t kHideStep = 4096;

std::string_view RowId(const arrow::RecordBatch& rows, int64_t row) {
  return static_cast<const arrow::StringArray&>(*rows.column(0)).GetView(row);
}

// Enters the rows files of earlier segments that still count.
void KeepRowsFiles(const TableManifest& before, TableManifest& manifest) {
  for (const auto& file : before.materialization.rows_files) {
    bool counts = std::any_of(manifest.segments.begin(), manifest.segments.end(),
                              [&](const auto& segment) { return RowsPath(segment) == file.path; });
    if (counts) manifest.materialization.rows_files.push_back(file);
  }
}

}  // namespace

Result<std::unique_ptr<ResultRun>> StoredRun::Start(TableStorage& storage, std::string_view table,
                                                    std::string_view definition_hash,
                                                    RunOwner owner) {
  std::unique_ptr<StoredRun> run(new StoredRun(storage, table, std::move(owner)));
  IOLITE_RETURN_IF_ERROR(run->Begin(definition_hash));
  return std::unique_ptr<ResultRun>(std::move(run));
}

Status StoredRun::Begin(std::string_view definition_hash) {
  IOLITE_ASSIGN_OR_RETURN(before_, storage_.LoadManifest(table_));
  IOLITE_ASSIGN_OR_RETURN(auto left, storage_.LoadRun(table_));
  bool committed = left && before_ && before_->manifest.run_id == left->run_id;
  IOLITE_RETURN_IF_ERROR(storage_.RemoveUnnamed(table_, before_ ? &before_->manifest : nullptr));
  if (left && !committed && left->definition_hash == definition_hash) {
    record_ = std::move(*left);
    return parts_.Recover();
  }
  IOLITE_RETURN_IF_ERROR(storage_.RemoveRun(table_));
  const auto& options = storage_.options();
  record_ = {.run_id = options.random->NextHex(16),
             .definition_hash = std::string(definition_hash),
             .created_us = options.clock->unix_us()};
  return storage_.store().PutIfAbsent(RunPath(table_), SerializeRun(record_)).status();
}

Status StoredRun::ForEachRecovered(
    const std::function<void(std::string_view, std::string_view)>& visit) {
  return parts_.ForEach([&](std::shared_ptr<arrow::RecordBatch> rows) {
    const auto& hashes = static_cast<const arrow::StringArray&>(*rows->column(1));
    for (int64_t row = 0; row < rows->num_rows(); ++row) {
      visit(RowId(*rows, row), hashes.GetView(row));
    }
    return Status::Ok();
  });
}

Status StoredRun::AppendPart(const RequestContext& context, const arrow::RecordBatch& rows) {
  if (ended_) return FailedPrecondition("the run of {} has ended", table_);
  IOLITE_RETURN_IF_ERROR(context.Check());
  if (rows.num_rows() == 0) return Status::Ok();
  return parts_.Append(rows);
}

Status StoredRun::Hide(std::span<const std::string> row_ids) {
  if (ended_) return FailedPrecondition("the run of {} has ended", table_);
  for (const auto& row_id : row_ids) {
    parts_.DropRecovered(row_id);
    hidden_ids_.push_back(row_id);
  }
  return Status::Ok();
}

Result<std::shared_ptr<const Snapshot>> StoredRun::Commit(const RequestContext& context,
                                                          Materialization materialization,
                                                          const ProgressFunction& progress) {
  if (ended_) return FailedPrecondition("the run of {} has ended", table_);
  if (parts_.empty() && !before_) return FailedPrecondition("the run of {} has no rows", table_);
  // A commit that failed half way may have left segments of the same names.
  IOLITE_RETURN_IF_ERROR(storage_.RemoveUnnamed(table_, before_ ? &before_->manifest : nullptr));
  IOLITE_ASSIGN_OR_RETURN(auto manifest, NextManifest(std::move(materialization)));
  IOLITE_RETURN_IF_ERROR(HideEarlier(manifest));
  if (before_) KeepRowsFiles(before_->manifest, manifest);
  PartsToSegments writer(storage_, manifest, parts_.row_count(), progress);
  IOLITE_RETURN_IF_ERROR(writer.Run(context, parts_));
  IOLITE_RETURN_IF_ERROR(storage_.PutManifest(manifest, before_));
  ended_ = true;
  RemoveLeftovers(manifest);
  return owner_.load();
}

Result<TableManifest> StoredRun::NextManifest(Materialization materialization) const {
  TableManifest manifest = before_ ? before_->manifest : TableManifest();
  int32_t dimension = parts_.empty() ? manifest.materialization.dimension : parts_.dimension();
  if (before_ && dimension != manifest.materialization.dimension) {
    return InvalidArgument("{} has vectors of dimension {}, the new rows {}", table_,
                           manifest.materialization.dimension, dimension);
  }
  manifest.table = table_;
  manifest.version += 1;
  manifest.run_id = record_.run_id;
  materialization.table = table_;
  materialization.dimension = dimension;
  materialization.definition_hash = record_.definition_hash;
  materialization.created_us = storage_.options().clock->unix_us();
  materialization.rows_files.clear();
  manifest.materialization = std::move(materialization);
  return manifest;
}

Status StoredRun::HideEarlier(TableManifest& manifest) {
  if (manifest.segments.empty()) return Status::Ok();
  IOLITE_ASSIGN_OR_RETURN(auto hidden, HiddenRows::Open(storage_, manifest));
  std::vector<std::string_view> step;
  for (size_t begin = 0; begin < hidden_ids_.size(); begin += kHideStep) {
    size_t end = std::min(begin + kHideStep, hidden_ids_.size());
    step.assign(hidden_ids_.begin() + begin, hidden_ids_.begin() + end);
    IOLITE_RETURN_IF_ERROR(hidden.Hide(step));
  }
  // A row that comes again replaces what earlier segments have of it.
  IOLITE_RETURN_IF_ERROR(parts_.ForEach([&](std::shared_ptr<arrow::RecordBatch> rows) {
    step.clear();
    for (int64_t row = 0; row < rows->num_rows(); ++row) step.push_back(RowId(*rows, row));
    return hidden.Hide(step);
  }));
  return hidden.Write(manifest.version, manifest);
}

// The new version stands; what a crash here leaves is removed when the next run begins.
void StoredRun::RemoveLeftovers(const TableManifest& manifest) {
  Status status = storage_.RemoveUnnamed(table_, &manifest);
  if (status.ok()) status = storage_.RemoveRun(table_);
  if (!status.ok()) LogWarning("{}: leftovers stay: {}", table_, status.message());
}

Status StoredRun::Discard() {
  ended_ = true;
  return storage_.RemoveRun(table_);
}

}  // namespace iolite::results
