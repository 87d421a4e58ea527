#include "iolite/segments/segment.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <utility>

#include "iolite/segments/internal/manifest_file.h"
#include "iolite/segments/internal/segment_index.h"
#include "iolite/segments/rows_file.h"
#include "iolite/vector/usearch_index.h"

namespace iolite::segments {
namespace {

class StoredSegment final : public Segment {
 public:
  StoredSegment(SegmentOptions options, std::string stem, SegmentManifest manifest)
      : options_(options), stem_(std::move(stem)), manifest_(std::move(manifest)) {}

  const SegmentManifest& manifest() const override { return manifest_; }
  const std::string& stem() const override { return stem_; }
  int64_t row_count() const override { return manifest_.row_count; }

  Result<std::shared_ptr<const vector::VectorIndex>> index() const override {
    if (!index_ready_.load(std::memory_order_acquire)) {
      std::lock_guard lock(mutex_);
      if (!index_.index) {
        IOLITE_ASSIGN_OR_RETURN(index_, OpenIndex(options_, stem_, manifest_));
      }
      index_ready_.store(true, std::memory_order_release);
    }
    return index_.index;
  }

  std::string index_warning() const override {
    std::lock_guard lock(mutex_);
    std::string warning = index_.warning();
    return warning.empty() ? row_map_.warning : warning;
  }

  Result<std::string_view> row_id(uint32_t ordinal) const override {
    IOLITE_ASSIGN_OR_RETURN(auto map, Rows());
    IOLITE_RETURN_IF_ERROR(CheckOrdinal(ordinal));
    return map->row_id(ordinal);
  }

  Result<std::optional<uint32_t>> FindRow(std::string_view row_id) const override {
    uint32_t ordinal = kNoRow;
    IOLITE_RETURN_IF_ERROR(FindRows({&row_id, 1}, {&ordinal, 1}));
    if (ordinal == kNoRow) return std::optional<uint32_t>();
    return std::optional<uint32_t>(ordinal);
  }

  Status FindRows(std::span<const std::string_view> row_ids,
                  std::span<uint32_t> ordinals) const override {
    IOLITE_ASSIGN_OR_RETURN(auto map, Rows());
    map->Find(row_ids, ordinals);
    return Status::Ok();
  }

  Status ReadVector(uint32_t ordinal, std::span<float> vector) const override {
    IOLITE_RETURN_IF_ERROR(CheckOrdinal(ordinal));
    if (vector.size() != static_cast<size_t>(manifest_.dimension)) {
      return InvalidArgument("a vector of {} has dimension {}, not {}", stem_, manifest_.dimension,
                             vector.size());
    }
    IOLITE_RETURN_IF_ERROR(index().status());
    // A qg index keeps vectors rotated, a usearch one as they are.
    const auto* file =
        index_.guard ? dynamic_cast<const vector::UsearchIndex*>(index_.guard->file()) : nullptr;
    if (!file || file->element_type() != vector::ElementType::kF32) {
      return DecodeVector(ordinal, vector);
    }
    std::memcpy(vector.data(), file->StoredVector(ordinal), vector.size_bytes());
    return Status::Ok();
  }

  Result<std::shared_ptr<const columnar::RowSet>> Hidden(int64_t version) const override {
    if (version == 0) return std::shared_ptr<const columnar::RowSet>();
    std::string path = HiddenPath(stem_, version);
    IOLITE_ASSIGN_OR_RETURN(auto object, options_.store->Get(path));
    auto rows = columnar::RowSet::Deserialize(object.bytes);
    if (!rows.ok()) return rows.status().WithContext(path);
    return std::make_shared<const columnar::RowSet>(std::move(*rows));
  }

  Status Verify(const RequestContext& context) const override {
    IOLITE_ASSIGN_OR_RETURN(auto damages, CheckSegment(context, options_, stem_));
    if (damages.empty()) return Status::Ok();
    return DataLoss("{} {}", damages[0].path, damages[0].problem);
  }

 private:
  Status CheckOrdinal(uint32_t ordinal) const {
    if (ordinal < manifest_.row_count) return Status::Ok();
    return OutOfRange("row {} is past the {} rows of {}", ordinal, manifest_.row_count, stem_);
  }

  Result<const RowMap*> Rows() const {
    if (!row_map_ready_.load(std::memory_order_acquire)) {
      std::lock_guard lock(mutex_);
      if (!row_map_.map) {
        IOLITE_ASSIGN_OR_RETURN(row_map_, OpenRowMap(options_, stem_, manifest_));
      }
      row_map_ready_.store(true, std::memory_order_release);
    }
    return row_map_.map.get();
  }

  // Indexes with a narrow element type do not hold the exact vector: the rows file does.
  Status DecodeVector(uint32_t ordinal, std::span<float> vector) const {
    int64_t first = ordinal / kRowGroupRowCount * kRowGroupRowCount;
    Status found = Aborted("found");
    Status status = ReadRowsFile(
        RequestContext(), *options_.store,
        {.path = RowsPath(stem_),
         .columns = {"vector"},
         .first_row_group = ordinal / kRowGroupRowCount},
        [&](const arrow::RecordBatch& batch) {
          int64_t row = ordinal - first;
          first += batch.num_rows();
          if (row >= batch.num_rows()) return Status::Ok();
          IOLITE_ASSIGN_OR_RETURN(auto values, VectorValues(*batch.column(0), manifest_.dimension));
          std::copy_n(values + row * manifest_.dimension, vector.size(), vector.begin());
          return found;
        });
    if (status.code() == StatusCode::kAborted) return Status::Ok();
    if (!status.ok()) return status;
    return DataLoss("the rows file {} has no row {}", RowsPath(stem_), ordinal);
  }

  const SegmentOptions options_;
  const std::string stem_;
  const SegmentManifest manifest_;
  mutable std::mutex mutex_;
  mutable std::atomic<bool> index_ready_ = false;
  mutable std::atomic<bool> row_map_ready_ = false;
  mutable OpenedIndex index_;
  mutable OpenedRowMap row_map_;
};

}  // namespace

Result<std::shared_ptr<const Segment>> Segment::Open(const SegmentOptions& options,
                                                     std::string_view stem) {
  std::string path = ManifestPath(stem);
  IOLITE_ASSIGN_OR_RETURN(auto object, options.store->Get(path));
  IOLITE_ASSIGN_OR_RETURN(auto manifest, ParseManifest(object.bytes, path));
  std::string rows_path = RowsPath(stem);
  const auto* rows_file = FindFile(manifest, rows_path);
  if (!rows_file) return DataLoss("{} is damaged: it does not name {}", path, rows_path);
  auto info = options.store->Head(rows_path);
  if (info.status().code() == StatusCode::kNotFound) {
    return DataLoss("the rows file {} is missing", rows_path);
  }
  if (!info.ok()) return info.status();
  if (info->size_bytes != rows_file->size_bytes) {
    return DataLoss("the rows file {} is damaged: it has {} bytes, not {}", rows_path,
                    info->size_bytes, rows_file->size_bytes);
  }
  return std::make_shared<const StoredSegment>(options, std::string(stem), std::move(manifest));
}

}  // namespace iolite::segments
