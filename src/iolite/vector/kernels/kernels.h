#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "iolite/vector/index.h"

namespace iolite::vector::kernels {

/// Rows as sign bits, `dimension / 64` words each, with two factors a row.
struct SignRows {
  struct Factors {
    float add;
    float rescale;
  };
  const uint64_t* words;
  const Factors* factors;
  size_t dimension;
};

/// A query to hold against them.
struct SignQuery {
  const int8_t* elements;
  float offset;
  float scale;
};

/// The inner loops of one instruction set. Elements are `float` for kF32, `uint16_t` for kF16 and
/// kBF16, `int8_t` for kI8; the query has the rows' element type.
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

  std::string_view name;    ///< `x86-64`, `avx2`, `avx512`, `avx512-bf16`
  Distance distance[3][4];  ///< by Metric, ElementType
  BlockFunction block[3];   ///< by Metric; f32
  /// The sum of squares: infinite or NaN when an element is, or when a vector is too long for f32.
  float (*squared_norm)(const float* values, size_t dimension) = nullptr;
  void (*to_f16)(const float* values, size_t count, uint16_t* f16) = nullptr;
  /// The Walsh-Hadamard transform of a power of two (64 at least) of values, in place, without
  /// scaling.
  void (*hadamard)(float* values, size_t count) = nullptr;
  /// Sets one bit for each value below 0, and returns the sum of absolute values. `count` as above.
  float (*sign_bits)(const float* values, size_t count, uint64_t* words) = nullptr;
  /// For each id, with S the sum of the query's elements whose bit is set in that row's `dimension`
  /// bits: add + rescale * (offset + scale * S). `dimension` is a multiple of 64.
  void (*sign_estimates)(const SignQuery& query, const SignRows& rows, const uint32_t* ids,
                         size_t id_count, float* estimates) = nullptr;

  const Distance& Of(Metric metric, ElementType type) const {
    return distance[static_cast<size_t>(metric)][static_cast<size_t>(type)];
  }
};

/// The fastest set this processor runs, chosen at the first call.
const KernelSet& Kernels();

/// Every set this processor runs, the portable one first: tests compare them.
std::span<const KernelSet* const> UsableKernelSets();

}  // namespace iolite::vector::kernels
