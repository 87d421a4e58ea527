#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "iolite/vector/index.h"

namespace iolite::vector::kernels {

/// Rows as sign bits, `dimension / 8` bytes each, with two factors behind them. Runs of 2^shift
/// rows lie together.
struct SignRows {
  struct Factors {
    float add;
    float rescale;
  };
  const char* const* runs;
  uint32_t shift;
  size_t offset_bytes;  ///< of the first row in a run
  size_t stride_bytes;
  size_t dimension;

  const char* Row(uint32_t id) const {
    return runs[id >> shift] + offset_bytes + (id & ((1u << shift) - 1)) * stride_bytes;
  }
  static constexpr size_t StrideBytes(size_t dimension) { return dimension / 8 + sizeof(Factors); }
};

/// A query to hold against them.
struct SignQuery {
  const int8_t* elements;
  float offset;
  float scale;
};

/// A query as a table for FastScan (Andre et al., "Cache locality is not enough", VLDB 2015): for
/// each four dimensions the sixteen sums of a subset of the query's elements, in bytes. With S the
/// sum of the entries that a code of sign bits names, <query, signs> is offset + scale * S.
struct ScanTable {
  const uint8_t* bytes;
  float offset;
  float scale;
};

/// What a residual r = target - owner and its signs s (1 or -1) add up to.
struct EdgeSums {
  float squared_length;  ///< <r, r>
  float absolute_sum;    ///< <r, s>
  float owner_signs;     ///< <owner, s>
  float owner_product;   ///< <owner, r>
};

/// 32 codes of sign bits (set where a value is not negative) that are looked up together, and what
/// makes distances of them. Sixteen dimensions take 64 bytes: byte v * 4 + g has, for group g of
/// four dimensions, the bits of code v in its low and those of code v + 16 in its high half.
struct ScanBlock {
  const uint8_t* codes;
  const float* add;
  const float* rescale;
};

/// The inner loops of one instruction set. Elements are `float` for kF32, `uint16_t` for kF16 and
/// kBF16, `int8_t` for kI8, `uint8_t` for kU8; kBits has whole 64-bit words, with zeros behind the
/// last dimension. The query has the rows' element type.
///
/// A distance depends on the query, the row and the instruction set alone: never on how many rows
/// or queries were asked for at once, so every way to scan gives the same bits. Never NaN for
/// finite input. Reads never pass the last element of a row.
struct KernelSet {
  /// The distances of one query to `row_count` rows that lie `stride_bytes` apart.
  using RowsFunction = void (*)(const void* query, const void* rows, size_t stride_bytes,
                                size_t row_count, size_t dimension, float* distances);
  /// The same for the rows named by `ids`.
  using GatherFunction = void (*)(const void* query, const void* rows, size_t stride_bytes,
                                  const uint32_t* ids, size_t id_count, size_t dimension,
                                  float* distances);
  /// Many queries, `dimension` floats apart, with many rows: distances[query * row_count + row].
  using BlockFunction = void (*)(const float* queries, size_t query_count, const float* rows,
                                 size_t stride_bytes, size_t row_count, size_t dimension,
                                 float* distances);
  using PairFunction = float (*)(const void* a, const void* b, size_t dimension);

  struct Distance {
    RowsFunction rows = nullptr;
    GatherFunction gather = nullptr;
    PairFunction pair = nullptr;
  };

  std::string_view name;  ///< `x86-64`, `avx2`, `avx512`, `avx512-bf16`
  /// By Metric and ElementType; null where CheckMetric refuses.
  Distance distance[kMetricCount][kElementTypeCount];
  BlockFunction block[kMetricCount] = {};  ///< by Metric; f32
  /// The sum of squares: infinite or NaN when an element is, or when a vector is too long for f32.
  float (*squared_norm)(const float* values, size_t dimension) = nullptr;
  void (*to_f16)(const float* values, size_t count, uint16_t* f16) = nullptr;
  /// The Walsh-Hadamard transform of a power of two (32 at least) of values, in place, without
  /// scaling.
  void (*hadamard)(float* values, size_t count) = nullptr;
  /// Multiplies each value by its factor; `count` is a multiple of 32.
  void (*multiply)(const float* factors, size_t count, float* values) = nullptr;
  /// Sets one bit for each value below 0, and returns the sum of absolute values. `count` as above.
  float (*sign_bits)(const float* values, size_t count, uint64_t* words) = nullptr;
  /// For each id, with S the sum of the query's elements whose bit is set in that row's `dimension`
  /// bits: add + rescale * (offset + scale * S). `dimension` is a multiple of 64.
  void (*sign_estimates)(const SignQuery& query, const SignRows& rows, const uint32_t* ids,
                         size_t id_count, float* estimates) = nullptr;

  /// Squared distance, and inner product, of an f32 query and a bf16 row; `dimension` is a multiple
  /// of 32.
  float (*l2_bf16)(const float* query, const uint16_t* row, size_t dimension) = nullptr;
  float (*dot_bf16)(const float* query, const uint16_t* row, size_t dimension) = nullptr;
  /// Squared distance of two bf16 rows; `dimension` is a multiple of 32.
  float (*l2_rows)(const uint16_t* a, const uint16_t* b, size_t dimension) = nullptr;
  /// As l2_bf16 and dot_bf16, of a row that is split as join() takes it.
  float (*l2_split)(const float* query, const uint16_t* high, const uint16_t* low,
                    size_t dimension) = nullptr;
  float (*dot_split)(const float* query, const uint16_t* high, const uint16_t* low,
                     size_t dimension) = nullptr;
  /// f32 values of their nearest bf16, upwards where two are as near, and the (signed) difference
  /// of the bits below: exact.
  void (*join)(const uint16_t* high, const uint16_t* low, size_t count, float* values) = nullptr;
  /// f32 of bf16.
  void (*widen)(const uint16_t* high, size_t count, float* values) = nullptr;
  /// How many of `count` values are below `value`. Reads up to 15 floats past the end.
  size_t (*rank)(const float* values, size_t count, float value) = nullptr;
  /// Encodes target - owner: one bit a dimension, set where it is not negative. `dimension` is a
  /// multiple of 32.
  EdgeSums (*encode_edge)(const float* owner, const float* target, size_t dimension,
                          uint32_t* words) = nullptr;
  /// Fills 4 * dimension bytes; `dimension` is a multiple of 16. Every set gives the same bits.
  void (*make_scan_table)(const float* query, size_t dimension, uint8_t* bytes, float* offset,
                          float* scale) = nullptr;
  /// Estimates of 32 codes: base + add + rescale * <query, signs>. Returns a bit for each that is
  /// below `bound`. Every set gives the same bits.
  uint32_t (*scan_block)(const ScanTable& table, const ScanBlock& block, size_t dimension,
                         float base, float bound, float* estimates) = nullptr;

  const Distance& Of(Metric metric, ElementType type) const {
    return distance[static_cast<size_t>(metric)][static_cast<size_t>(type)];
  }
};

/// The fastest set this processor runs, chosen at the first call.
const KernelSet& Kernels();

/// Every set this processor runs, the portable one first: tests compare them.
std::span<const KernelSet* const> UsableKernelSets();

}  // namespace iolite::vector::kernels
