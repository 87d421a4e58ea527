#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "iolite/base/budget.h"
#include "iolite/base/executor.h"
#include "iolite/base/progress.h"
#include "iolite/vector/index.h"

namespace iolite::vector {

/// What the opener of an index file already knows: a file that says otherwise is damaged
/// (kDataLoss).
struct IndexExpectation {
  std::optional<Metric> metric;
  std::optional<ElementType> element_type;
  std::optional<int32_t> dimension;
  std::optional<int64_t> row_count;
};

/// How to open an index file.
struct IndexOpenOptions {
  IndexExpectation expect;
  /// What the index keeps beside the file is drawn from here.
  Budget* budget = &Budget::Unlimited();
  /// Makes the codes for filtered searches; null for the caller's thread.
  Executor* executor = nullptr;
  /// The f32 rows behind a file of f16, bf16 or i8 elements; without them distances are those of
  /// the elements. Either all rows in memory, `rows_stride` floats apart …
  const float* rows = nullptr;
  size_t rows_stride = 0;
  /// … or one row at a time; called by any searching thread. Not asked for f32 files.
  std::function<Status(uint32_t row, std::span<float> vector)> read_row;
  /// Holds whatever memory the options and the bytes point to.
  std::shared_ptr<const void> keep_alive;
};

/// How to build an index.
struct IndexBuildOptions {
  Metric metric = Metric::kCosine;
  ElementType element_type = ElementType::kF32;
  int32_t dimension = 0;
  /// Saves copying while rows arrive; 0 when unknown.
  int64_t row_count_expected = 0;
  /// Links a vertex keeps, 2 to 256; 0 for the kind's own choice: `qg` 32, `usearch` 16 at each
  /// level and twice as many at the lowest.
  int32_t connectivity = 0;
  /// Size of the candidate pool while inserting; 0 for the kind's own choice: `qg` 160, `usearch`
  /// 128.
  int32_t expansion_add = 0;
  /// Some vectors like those that will be asked for, dimension floats each: `qg` then chooses its
  /// pools by them. They must live until Finish returns.
  std::span<const float> sample_queries;
  /// Of a flat index: bits a dimension of its codes, 1, 4 or 8. Those of 4 or 8 stand beside the
  /// one bit.
  uint32_t code_bits = 1;
  /// Whether a flat index keeps the elements.
  bool keep_vectors = true;
  Executor* executor = nullptr;  ///< null for the caller's thread
  Budget* budget = &Budget::Unlimited();
  ProgressFunction progress;
};

}  // namespace iolite::vector
