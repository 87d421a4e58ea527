#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "iolite/vector/index_options.h"
#include "iolite/vector/internal/exact_scan.h"
#include "iolite/vector/internal/top_k.h"

namespace iolite::vector::internal {

/// A query as floats and, once they are asked for, as elements of a file.
class ElementQuery {
 public:
  explicit ElementQuery(std::span<const float> values) : values_(values) {}

  const float* values() const { return values_.data(); }
  /// As elements of `type`: f32, or the one other type of the index.
  const void* As(ElementType type);

 private:
  std::span<const float> values_;
  std::vector<char> elements_;
};

/// Where the distances in answers come from: a file's elements when they lose nothing, else the f32
/// rows that the index was opened with, in memory or read one by one, and without these the
/// elements again.
///
/// Threads: any number.
class RowSource {
 public:
  /// `stored` are the elements, without rows where the file keeps none.
  RowSource(const Matrix& stored, const IndexOpenOptions& options);

  const Matrix& stored() const { return stored_; }
  /// The rows that answers are compared with; none in memory where they are read one by one, or
  /// where there are none at all.
  const Matrix& exact() const { return exact_; }
  /// The same, or the elements where they are read one by one.
  const Matrix& in_memory() const { return exact_.rows != nullptr ? exact_ : stored_; }
  bool exact_is_stored() const { return exact_.rows == stored_.rows; }
  /// Whether rows are read one by one.
  bool reads() const { return exact_.rows == nullptr && read_row_ != nullptr; }
  /// Whether there are rows at all.
  bool any() const { return exact_.rows != nullptr || read_row_ != nullptr; }
  /// What makes distances of exact() those of the rows as they were given: i8 keeps 127 times a
  /// unit vector.
  float scale() const { return scale_; }

  /// Offers the distance of each candidate.
  Status Offer(ElementQuery& query, std::span<const Neighbor> candidates, TopK& top) const;

 private:
  Status OfferRead(const ElementQuery& query, std::span<const Neighbor> candidates,
                   TopK& top) const;

  const Matrix stored_;
  Matrix exact_;
  float scale_ = 1;
  std::function<Status(uint32_t row, std::span<float> vector)> read_row_;
};

/// The rows of some neighbours.
std::vector<uint32_t> RowsOf(std::span<const Neighbor> neighbors);

}  // namespace iolite::vector::internal
