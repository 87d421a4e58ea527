#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>

#include "iolite/segments/object_stream.h"
#include "iolite/segments/segment.h"

namespace iolite::segments {

/// Writes what is derived from the rows of a segment: the index and the row map.
///
/// Threads: one.
class IndexFilesWriter {
 public:
  static Result<std::unique_ptr<IndexFilesWriter>> Open(const SegmentOptions& options,
                                                        std::string_view stem,
                                                        const SegmentBuildOptions& build);
  /// `batch` with `_row_id` and, for an index, `vector`.
  Status Add(const RequestContext& context, const arrow::RecordBatch& batch);
  /// Seals both and enters them, and the index's kind, into `manifest`.
  Status Seal(const RequestContext& context, SegmentManifest& manifest);

 private:
  IndexFilesWriter(const SegmentOptions& options, std::string_view stem,
                   const SegmentBuildOptions& build)
      : options_(options), stem_(stem), build_(build) {}
  Status AddRowIds(const arrow::Array& row_ids);
  Status FlushRowMap();
  Status SealIndex(const RequestContext& context, SegmentManifest& manifest);

  const SegmentOptions options_;
  const std::string stem_;
  const SegmentBuildOptions build_;
  std::unique_ptr<vector::VectorIndexBuilder> index_;
  std::shared_ptr<ObjectOutputStream> row_map_;
  std::string row_map_bytes_;  ///< not yet written
  int64_t row_count_ = 0;
};

}  // namespace iolite::segments
