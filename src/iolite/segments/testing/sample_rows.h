#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "iolite/base/random.h"

namespace iolite::segments::testing {

/// Ids and vectors that tests make rows of.
struct SampleRows {
  std::vector<std::string> row_ids;
  std::vector<std::string> content_hashes;
  std::vector<float> vectors;
  int32_t dimension = 0;

  int64_t row_count() const { return static_cast<int64_t>(row_ids.size()); }
  std::vector<float> vector(int64_t row) const;
  /// `_row_id`, `_content_hash`, `vector`: what a run appends.
  std::shared_ptr<arrow::RecordBatch> PartBatch() const;
  /// With `_source_id` and `_model_id`: what a segment holds.
  std::shared_ptr<arrow::RecordBatch> SegmentBatch() const;
};

/// Rows `<prefix><n>` from `first` on, with vectors of uniform numbers in [-1, 1).
SampleRows MakeSampleRows(Random& random, int64_t row_count, int32_t dimension, int64_t first = 0,
                          const std::string& prefix = "row-");

}  // namespace iolite::segments::testing
