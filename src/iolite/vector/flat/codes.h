#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "iolite/vector/flat/layout.h"
#include "iolite/vector/kernels/kernels.h"
#include "iolite/vector/qg/rotation.h"

namespace iolite::vector::flat {

/// A query as codes want it: less the mean, rotated. Moves, because the table points to its bytes.
struct CodeQuery {
  CodeQuery() = default;
  CodeQuery(CodeQuery&&) noexcept = default;
  CodeQuery& operator=(CodeQuery&&) noexcept = default;

  bool zero = false;                 ///< cosine and inner product: all rows are equally far
  float base = 0;                    ///< what all distances have in common
  std::vector<uint8_t> table_bytes;  ///< for blocks
  kernels::ScanTable table{};
  std::vector<int8_t> elements;  ///< for rows of codes: whole words of 64
  float step = 0;                ///< of the elements
  int32_t total = 0;             ///< of the elements
};

/// Codes of rows less their mean, after a rotation, and what distances follow from them.
///
/// With r = row - mean and c its code, <q - mean, r> is about <q - mean, c> * <r, r> / <r, c> (Gao
/// and Long, "RaBitQ", SIGMOD 2024). So a distance is base + add + rescale * <q - mean, c>, with
///
///     L2:        |q - row|^2 = |q - mean|^2 + |r|^2 - 2 <q - mean, r>
///     products:  -<q, row>   = -<q, mean> - <mean, r> - <q - mean, r>
///
/// Threads: any number, once the mean is set.
class Codes {
 public:
  explicit Codes(const Shape& shape);

  uint32_t padded() const { return rotation_.padded(); }
  /// The mean of rows as they are rotated, padded() floats that stay where they are.
  void SetMean(const float* mean) { mean_ = mean; }
  int64_t memory_bytes() const;

  /// Rotates `dimension` values; for cosine also makes their length 1.
  void Rotate(const float* values, float* rotated) const;
  CodeQuery MakeQuery(std::span<const float> query) const;

  /// The sign code of a rotated row in `words`, padded() bits, and its factors.
  kernels::SignRows::Factors EncodeSigns(const float* rotated, uint32_t* words) const;
  /// A row of fine codes: factors, and codes of 4 or 8 bits.
  void EncodeFine(const float* rotated, uint32_t bits, char* row) const;
  /// Distances by fine codes of the rows named.
  void FineDistances(const CodeQuery& query, uint32_t bits, const char* rows,
                     std::span<const uint32_t> ids, float* distances) const;

 private:
  kernels::SignRows::Factors FactorsOf(float squared_length, float code_product,
                                       float mean_product) const;

  const Metric metric_;
  const uint32_t dimension_;
  const qg::Rotation rotation_;
  const float* mean_ = nullptr;
};

}  // namespace iolite::vector::flat
