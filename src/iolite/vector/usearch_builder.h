#pragma once

#include <memory>

#include "iolite/base/budget.h"
#include "iolite/base/executor.h"
#include "iolite/base/progress.h"
#include "iolite/vector/index.h"

namespace iolite::vector {

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
  /// Size of the candidate pool while inserting; 0 for the kind's own choice: `qg` 200, `usearch`
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

/// Builds what UsearchIndex opens. Row i has key i and lies i-th in the file; links depend on how
/// threads met, with one thread on the rows alone.
///
/// Rows are kept as given: they need not be normalised for cosine. i8 keeps a row's direction only,
/// so inner product and L2 take i8 for rows of length 1.
Result<std::unique_ptr<VectorIndexBuilder>> MakeUsearchBuilder(const IndexBuildOptions& options);

}  // namespace iolite::vector
