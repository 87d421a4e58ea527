#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "iolite/vector/index.h"
#include "iolite/vector/kernels/kernels.h"
#include "iolite/vector/qg/rotation.h"

namespace iolite::vector::qg {

/// A query, rotated, with what a walk asks of it.
struct Query {
  std::vector<float> values;         ///< padded
  std::vector<uint8_t> table_bytes;  ///< for FastScan
  kernels::ScanTable table{};
  /// Distances of a walk are this, less the product, for cosine and inner product; unused for L2.
  float product_offset = 0;
};

/// How vectors are kept so that one graph serves the three metrics.
///
/// L2 keeps them as they are. Cosine keeps them normalised. Inner product adds one dimension that
/// makes all rows equally long (0 in queries), so that the rows nearest by angle are those of the
/// largest product (Bachrach et al., "Speeding up the Xbox recommender system", RecSys 2014). Then
/// all are rotated.
///
/// Threads: any number.
class Space {
 public:
  Space(Metric metric, uint32_t dimension, uint64_t seed);

  Metric metric() const { return metric_; }
  uint32_t dimension() const { return dimension_; }
  uint32_t padded() const { return rotation_.padded(); }
  bool products() const { return metric_ != Metric::kL2; }

  /// A row as it is kept, without the dimension that inner product adds.
  void RotateRow(const float* values, float* rotated) const;
  /// Adds that dimension to a rotated row: `length_max` is the length all rows shall have.
  void Lift(float length_max, float* rotated) const;
  /// `length_max` as it was for rows. Makes no table.
  void RotateQuery(std::span<const float> values, float length_max, Query& query) const;
  /// What FastScan looks up, for walks.
  void MakeTable(Query& query) const;
  /// A query that is one of the rows, as it is kept, with its table.
  void RowAsQuery(const float* rotated, float length_max, Query& query) const;

  /// What an answer says, of a query and a row as it is kept; `low` is null where low bits are not
  /// kept.
  float ExactDistance(const Query& query, const uint16_t* high, const uint16_t* low) const;

 private:
  void SetOffset(float length_max, Query& query) const;

  Metric metric_;
  uint32_t dimension_;
  Rotation rotation_;
  std::vector<float> lift_;  // the added dimension's unit vector, rotated
};

}  // namespace iolite::vector::qg
