#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "iolite/base/budget.h"
#include "iolite/vector/index_options.h"

namespace iolite::vector::internal {

/// Rows on their way into an index, kept as its elements. Memory is drawn from the budget before it
/// is taken, and doubles, so that rows are copied once on average.
///
/// Threads: one.
class RowBuffer {
 public:
  /// Rows lie behind `prefix_bytes` zeros, for what a file has before them.
  RowBuffer(const IndexBuildOptions& options, size_t prefix_bytes);

  /// Makes room for the rows that are expected.
  Status Start(int64_t row_count_expected);
  /// Appends rows. kInvalidArgument, naming the row, for what the index cannot hold; nothing of the
  /// call is kept then.
  Status Add(std::span<const float> rows, size_t row_count);

  uint32_t row_count() const { return row_count_; }
  size_t row_bytes() const { return row_bytes_; }
  const char* Row(size_t row) const { return bytes_.data() + prefix_bytes_ + row * row_bytes_; }
  /// A row as floats.
  void ReadRow(size_t row, float* values) const;
  /// The prefix and all rows; whoever has the last row may append to them.
  std::string& bytes() { return bytes_; }
  int64_t memory_bytes() const { return reservation_.bytes(); }

  static constexpr uint32_t kRowsMax = UINT32_MAX - 1;

 private:
  Status Grow(size_t bytes);

  const Metric metric_;
  const ElementType type_;
  const size_t dimension_;
  Budget& budget_;
  const size_t prefix_bytes_;
  const size_t row_bytes_;
  uint32_t row_count_ = 0;
  std::string bytes_;
  Reservation reservation_;
};

}  // namespace iolite::vector::internal
