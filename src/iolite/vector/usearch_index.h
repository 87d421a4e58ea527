#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "iolite/base/budget.h"
#include "iolite/base/executor.h"
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

/// A graph index in a file that the `usearch` library also reads (`.idx.usearch`). The file is
/// mapped and searched where it lies; beside it stand 4 bytes a row, and after some filtered
/// searches one bit a dimension (internal/sign_codes.h).
///
/// A search plans by how many rows survive the filter, see kWalkShareMin and its neighbours in
/// usearch_index.cc: few are compared exactly, many leave the graph walk as it is, those between
/// are chosen by their codes and then compared exactly. min(k, matches) rows come back in every
/// case.
///
/// Threads:  any number may search, without locks.
/// Cost:     opening reads 2 bytes a row (0.2 ms for 100,000 rows).
class UsearchIndex : public VectorIndex {
 public:
  /// kNotFound when there is no such file; kDataLoss when it is damaged or not what was expected;
  /// kUnimplemented when it was written by another major version.
  static Result<std::unique_ptr<UsearchIndex>> Open(const std::string& path,
                                                    IndexOpenOptions options);
  /// The same over bytes in memory, which `options.keep_alive` holds.
  static Result<std::unique_ptr<UsearchIndex>> OpenBytes(std::string_view bytes,
                                                         IndexOpenOptions options);

  /// The vector of a row where it lies in the file, as element_type(); null past the end.
  virtual const void* StoredVector(uint32_t row) const = 0;
};

}  // namespace iolite::vector
