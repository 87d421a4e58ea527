#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "iolite/vector/kernels/kernels.h"

/// The generic body of every kernel. Included by one file per instruction set, which brings a
/// policy per element type:
///
///     Element            what a row holds
///     kStep              elements per Load
///     Vec, Acc           registers
///     Load(p), LoadPartial(p, n)   n < kStep elements, zeros behind them
///     Dot(acc, a, b), Difference(acc, a, b), Absolute(acc, a, b)   acc + a*b, (a-b)^2, |a-b|
///     Sum(acc)           float
///     kRows, kQueries    the tile that fits into the registers
///
/// Everything is in an anonymous namespace and uses no templates of the standard library, because a
/// function that two files share by name could be linked from the one compiled for the larger
/// processor.

namespace iolite::vector::kernels {
namespace {

/// What a tile sums: products; products and the squares of rows; squared and absolute differences.
constexpr int kDot = 0, kCosineSums = 1, kDifference = 2, kAbsolute = 3;

/// Rows two tiles ahead are asked for while a tile is computed: the first lines, the hardware
/// follows.
constexpr size_t kPrefetchLines = 8;

/// Asks for the beginning of a row.
inline void PrefetchRow(const void* row, size_t bytes) {
  const char* at = static_cast<const char*>(row);
  size_t lines = (bytes + 63) / 64;
  if (lines > kPrefetchLines) lines = kPrefetchLines;
  for (size_t i = 0; i < lines; ++i) __builtin_prefetch(at + i * 64);
}

/// One register of each side.
template <class P, int kMode>
[[gnu::always_inline]] inline typename P::Acc Step(typename P::Acc sum, const typename P::Vec& a,
                                                   const typename P::Vec& b) {
  if constexpr (kMode == kDifference) return P::Difference(sum, a, b);
  if constexpr (kMode == kAbsolute) return P::Absolute(sum, a, b);
  return P::Dot(sum, a, b);
}

/// One step of one tile. Two accumulators per pair hide the latency of the multiply-add.
template <class P, int kMode, int kQ, int kR>
struct Tile {
  typename P::Acc sum[kQ][kR][2];
  typename P::Acc norm[kR][2];

  [[gnu::always_inline]] void Zero() {
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) {
      norm[r][0] = norm[r][1] = P::Zero();
#pragma GCC unroll 8
      for (int q = 0; q < kQ; ++q) sum[q][r][0] = sum[q][r][1] = P::Zero();
    }
  }
  [[gnu::always_inline]] void Add(const typename P::Vec (&queries)[kQ], const typename P::Vec& row,
                                  int r, int half) {
#pragma GCC unroll 8
    for (int q = 0; q < kQ; ++q) {
      sum[q][r][half] = Step<P, kMode>(sum[q][r][half], queries[q], row);
    }
    if (kMode == kCosineSums) norm[r][half] = P::Dot(norm[r][half], row, row);
  }
};

/// Sums a tile over all dimensions.
template <class P, int kMode, int kQ, int kR>
[[gnu::always_inline]] inline void RunTile(Tile<P, kMode, kQ, kR>& tile,
                                           const typename P::Element* const (&queries)[kQ],
                                           const typename P::Element* const (&rows)[kR],
                                           size_t dimension) {
  constexpr size_t kStep = P::kStep;
  tile.Zero();
  size_t i = 0;
  for (; i + 2 * kStep <= dimension; i += 2 * kStep) {
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      typename P::Vec query[kQ];
#pragma GCC unroll 8
      for (int q = 0; q < kQ; ++q) query[q] = P::Load(queries[q] + i + half * kStep);
#pragma GCC unroll 8
      for (int r = 0; r < kR; ++r) tile.Add(query, P::Load(rows[r] + i + half * kStep), r, half);
    }
  }
  if (i + kStep <= dimension) {
    typename P::Vec query[kQ];
#pragma GCC unroll 8
    for (int q = 0; q < kQ; ++q) query[q] = P::Load(queries[q] + i);
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) tile.Add(query, P::Load(rows[r] + i), r, 0);
    i += kStep;
  }
  if (i < dimension) {
    typename P::Vec query[kQ];
#pragma GCC unroll 8
    for (int q = 0; q < kQ; ++q) query[q] = P::LoadPartial(queries[q] + i, dimension - i);
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) tile.Add(query, P::LoadPartial(rows[r] + i, dimension - i), r, 1);
  }
}

/// One number of the two accumulators of a pair.
template <class P>
[[gnu::always_inline]] inline float Total(const typename P::Acc (&halves)[2]) {
  return P::Sum(P::Plus(halves[0], halves[1]));
}

/// The sum of squares.
template <class P>
float SquaredNorm(const typename P::Element* values, size_t dimension) {
  Tile<P, kDot, 1, 1> tile;
  const typename P::Element* const one[1] = {values};
  RunTile(tile, one, one, dimension);
  return Total<P>(tile.sum[0][0]);
}

/// A vector whose squared length is zero in f32 is at distance 1 from everything.
inline float CosineDistance(float dot, float query_norm, float row_norm) {
  if (query_norm == 0 || row_norm == 0) return 1;
  return 1 - dot / (__builtin_sqrtf(query_norm) * __builtin_sqrtf(row_norm));
}

/// The metric's distance from a sum.
template <int kMode>
inline float Finish(float sum, float query_norm, float row_norm) {
  if (kMode == kDifference || kMode == kAbsolute) return sum;
  if (kMode == kDot) return -sum;
  return CosineDistance(sum, query_norm, row_norm);
}

/// Distances of one query to kR rows.
template <class P, int kMode, int kR>
[[gnu::always_inline]] inline void OneTile(const typename P::Element* query, float query_norm,
                                           const typename P::Element* const (&rows)[kR],
                                           size_t dimension, float* distances) {
  Tile<P, kMode, 1, kR> tile;
  const typename P::Element* const queries[1] = {query};
  RunTile(tile, queries, rows, dimension);
#pragma GCC unroll 8
  for (int r = 0; r < kR; ++r) {
    float row_norm = kMode == kCosineSums ? Total<P>(tile.norm[r]) : 0;
    distances[r] = Finish<kMode>(Total<P>(tile.sum[0][r]), query_norm, row_norm);
  }
}

/// Where a row begins.
template <class P>
inline const typename P::Element* RowAt(const void* rows, size_t stride_bytes, size_t row) {
  return reinterpret_cast<const typename P::Element*>(static_cast<const char*>(rows) +
                                                      row * stride_bytes);
}

/// `Name(i)` says which row the i-th is.
template <class P, int kMode, class NameFunction>
[[gnu::always_inline]] inline void ManyRows(const void* query_bytes, const void* rows,
                                            size_t stride_bytes, size_t count, size_t dimension,
                                            float* distances, bool prefetch, NameFunction name) {
  auto query = static_cast<const typename P::Element*>(query_bytes);
  float query_norm = kMode == kCosineSums ? SquaredNorm<P>(query, dimension) : 0;
  constexpr int kR = P::kRows;
  const size_t row_bytes = dimension * sizeof(typename P::Element);
  size_t i = 0;
  if (prefetch) {
    for (size_t j = 0; j < 2 * kR && j < count; ++j) {
      PrefetchRow(RowAt<P>(rows, stride_bytes, name(j)), row_bytes);
    }
  }
  for (; i + kR <= count; i += kR) {
    if (prefetch) {
      for (size_t j = i + 2 * kR; j < i + 3 * kR && j < count; ++j) {
        PrefetchRow(RowAt<P>(rows, stride_bytes, name(j)), row_bytes);
      }
    }
    const typename P::Element* tile[kR];
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) tile[r] = RowAt<P>(rows, stride_bytes, name(i + r));
    OneTile<P, kMode, kR>(query, query_norm, tile, dimension, distances + i);
  }
  for (; i < count; ++i) {
    const typename P::Element* tile[1] = {RowAt<P>(rows, stride_bytes, name(i))};
    OneTile<P, kMode, 1>(query, query_norm, tile, dimension, distances + i);
  }
}

/// KernelSet::RowsFunction.
template <class P, int kMode>
void RowsKernel(const void* query, const void* rows, size_t stride_bytes, size_t row_count,
                size_t dimension, float* distances) {
  ManyRows<P, kMode>(query, rows, stride_bytes, row_count, dimension, distances, false,
                     [](size_t i) { return i; });
}

/// KernelSet::GatherFunction.
template <class P, int kMode>
void GatherKernel(const void* query, const void* rows, size_t stride_bytes, const uint32_t* ids,
                  size_t id_count, size_t dimension, float* distances) {
  ManyRows<P, kMode>(query, rows, stride_bytes, id_count, dimension, distances, true,
                     [ids](size_t i) { return static_cast<size_t>(ids[i]); });
}

/// KernelSet::PairFunction.
template <class P, int kMode>
float PairKernel(const void* a, const void* b, size_t dimension) {
  auto query = static_cast<const typename P::Element*>(a);
  const typename P::Element* tile[1] = {static_cast<const typename P::Element*>(b)};
  float query_norm = kMode == kCosineSums ? SquaredNorm<P>(query, dimension) : 0;
  float distance;
  OneTile<P, kMode, 1>(query, query_norm, tile, dimension, &distance);
  return distance;
}

/// A tile of kQ queries and kR rows. Norms come from outside: they are shared by the whole block.
template <class P, int kMode, int kQ, int kR>
inline void BlockTile(const float* queries, const float* query_norms, const float* rows,
                      const float* row_norms, size_t stride_bytes, size_t row_count,
                      size_t dimension, float* distances) {
  constexpr int kSums = kMode == kCosineSums ? kDot : kMode;
  Tile<P, kSums, kQ, kR> tile;
  const float* query[kQ];
  const float* row[kR];
  for (int q = 0; q < kQ; ++q) query[q] = queries + q * dimension;
  for (int r = 0; r < kR; ++r) row[r] = RowAt<P>(rows, stride_bytes, r);
  RunTile(tile, query, row, dimension);
#pragma GCC unroll 8
  for (int q = 0; q < kQ; ++q) {
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) {
      distances[q * row_count + r] =
          Finish<kMode>(Total<P>(tile.sum[q][r]), query_norms[q], row_norms[r]);
    }
  }
}

/// Norms live on the stack for this many rows and queries at a time.
constexpr size_t kBlockRows = 256;
constexpr size_t kBlockQueries = 64;

/// A block of at most kBlockQueries and kBlockRows.
template <class P, int kMode>
void BlockPart(const float* queries, size_t query_count, const float* rows, size_t stride_bytes,
               size_t part_rows, size_t row_count, size_t dimension, float* distances) {
  float query_norms[kBlockQueries] = {}, row_norms[kBlockRows] = {};
  if (kMode == kCosineSums) {
    for (size_t q = 0; q < query_count; ++q) {
      query_norms[q] = SquaredNorm<P>(queries + q * dimension, dimension);
    }
    for (size_t r = 0; r < part_rows; ++r) {
      row_norms[r] = SquaredNorm<P>(RowAt<P>(rows, stride_bytes, r), dimension);
    }
  }
  constexpr size_t kQ = P::kQueries, kR = P::kBlockRowTile;
  size_t r = 0;
  auto run = [&]<size_t kRows>() {
    const float* row = RowAt<P>(rows, stride_bytes, r);
    size_t q = 0;
    for (; q + kQ <= query_count; q += kQ) {
      BlockTile<P, kMode, kQ, kRows>(queries + q * dimension, query_norms + q, row, row_norms + r,
                                     stride_bytes, row_count, dimension,
                                     distances + q * row_count + r);
    }
    for (; q < query_count; ++q) {
      BlockTile<P, kMode, 1, kRows>(queries + q * dimension, query_norms + q, row, row_norms + r,
                                    stride_bytes, row_count, dimension,
                                    distances + q * row_count + r);
    }
  };
  for (; r + kR <= part_rows; r += kR) run.template operator()<kR>();
  for (; r < part_rows; ++r) run.template operator()<1>();
}

/// KernelSet::BlockFunction.
template <class P, int kMode>
void BlockKernel(const float* queries, size_t query_count, const float* rows, size_t stride_bytes,
                 size_t row_count, size_t dimension, float* distances) {
  for (size_t q = 0; q < query_count; q += kBlockQueries) {
    size_t queries_now = query_count - q < kBlockQueries ? query_count - q : kBlockQueries;
    for (size_t r = 0; r < row_count; r += kBlockRows) {
      size_t rows_now = row_count - r < kBlockRows ? row_count - r : kBlockRows;
      BlockPart<P, kMode>(queries + q * dimension, queries_now, RowAt<P>(rows, stride_bytes, r),
                          stride_bytes, rows_now, row_count, dimension,
                          distances + q * row_count + r);
    }
  }
}

/// Butterflies between whole registers, for parts of at least `half` values.
template <class P>
inline void HadamardWide(float* values, size_t count, size_t half) {
  for (; half < count; half *= 2) {
    for (size_t base = 0; base < count; base += 2 * half) {
      for (size_t i = base; i < base + half; i += P::kStep) {
        auto a = P::Load(values + i), b = P::Load(values + i + half);
        P::Store(values + i, a + b);
        P::Store(values + i + half, a - b);
      }
    }
  }
}

/// Sixteen registers at most are transformed without leaving them. Inside a register the partner
/// lane comes by a shuffle, and lanes of the upper half are negated.
template <class P, size_t kVectors>
inline void HadamardPart(float* values) {
  typename P::Vec v[kVectors];
#pragma GCC unroll 16
  for (size_t i = 0; i < kVectors; ++i) v[i] = P::Load(values + i * P::kStep);
#pragma GCC unroll 4
  for (size_t half = 1; half < P::kStep; half *= 2) {
    typename P::Lanes partner;
    typename P::Vec sign;
    for (size_t lane = 0; lane < P::kStep; ++lane) {
      partner[lane] = static_cast<int32_t>(lane ^ half);
      sign[lane] = (lane & half) != 0 ? -1.0f : 1.0f;
    }
#pragma GCC unroll 16
    for (size_t i = 0; i < kVectors; ++i) {
      v[i] = P::Dot(__builtin_shuffle(v[i], partner), v[i], sign);
    }
  }
#pragma GCC unroll 4
  for (size_t half = 1; half < kVectors; half *= 2) {
#pragma GCC unroll 16
    for (size_t i = 0; i < kVectors; ++i) {
      if ((i & half) != 0) continue;
      const typename P::Vec a = v[i], b = v[i + half];
      v[i] = a + b;
      v[i + half] = a - b;
    }
  }
#pragma GCC unroll 16
  for (size_t i = 0; i < kVectors; ++i) P::Store(values + i * P::kStep, v[i]);
}

template <class P, size_t kVectors>
inline void HadamardParts(float* values, size_t count) {
  constexpr size_t kPart = kVectors * P::kStep;
  for (size_t i = 0; i < count; i += kPart) HadamardPart<P, kVectors>(values + i);
  HadamardWide<P>(values, count, kPart);
}

/// KernelSet::hadamard.
template <class P>
void HadamardKernel(float* values, size_t count) {
  if (count >= 16 * P::kStep) return HadamardParts<P, 16>(values, count);
  HadamardParts<P, 2>(values, count);
}

/// KernelSet::sign_bits.
template <class P>
float SignBitsKernel(const float* values, size_t count, uint64_t* words) {
  typename P::Acc sum = P::Zero();
  for (size_t base = 0; base < count; base += 64) {
    uint64_t bits = 0;
    for (size_t i = 0; i < 64; i += P::kStep) {
      typename P::Vec v = P::Load(values + base + i);
      bits |= P::NegativeBits(v) << i;
      sum = P::Plus(sum, v < 0 ? -v : v);
    }
    words[base / 64] = bits;
  }
  return P::Sum(sum);
}

/// Sixty-four bits of a row's code.
inline uint64_t SignWord(const char* row, size_t word) {
  uint64_t bits;
  std::memcpy(&bits, row + word * 8, 8);
  return bits;
}

/// The factors behind a row's code.
inline SignRows::Factors FactorsOf(const SignRows& rows, const char* row) {
  SignRows::Factors factors;
  std::memcpy(&factors, row + rows.dimension / 8, sizeof(factors));
  return factors;
}

/// The distance that a row's code stands for.
inline float Estimate(const SignQuery& query, const SignRows::Factors& factors, int32_t sum) {
  return factors.add + factors.rescale * (query.offset + query.scale * static_cast<float>(sum));
}

/// The three distance functions of an element type and a metric.
template <class P, int kMode>
constexpr KernelSet::Distance DistanceOf() {
  return {&RowsKernel<P, kMode>, &GatherKernel<P, kMode>, &PairKernel<P, kMode>};
}

/// Fills in an element type for all metrics.
template <class P>
constexpr void SetDistances(KernelSet& set, ElementType type) {
  const auto column = static_cast<size_t>(type);
  set.distance[static_cast<size_t>(Metric::kCosine)][column] = DistanceOf<P, kCosineSums>();
  set.distance[static_cast<size_t>(Metric::kInnerProduct)][column] = DistanceOf<P, kDot>();
  set.distance[static_cast<size_t>(Metric::kL2)][column] = DistanceOf<P, kDifference>();
  set.distance[static_cast<size_t>(Metric::kL1)][column] = DistanceOf<P, kAbsolute>();
}

/// How many bits are set in both of two vectors, and in either. A policy for bits brings
/// Shared(a, b, words), which is this, and Different(a, b, words).
struct SharedBits {
  uint64_t both;
  uint64_t either;
};

/// The i-th word, wherever it lies.
[[maybe_unused]] inline uint64_t WordAt(const void* words, size_t i) {
  uint64_t word;
  std::memcpy(&word, static_cast<const char*>(words) + i * 8, 8);
  return word;
}

/// For processors that count the bits of a word in one instruction.
struct WordBits {
  static uint64_t Different(const void* a, const void* b, size_t words) {
    uint64_t count = 0;
#pragma GCC unroll 4
    for (size_t i = 0; i < words; ++i) {
      count += __builtin_popcountll(WordAt(a, i) ^ WordAt(b, i));
    }
    return count;
  }
  static SharedBits Shared(const void* a, const void* b, size_t words) {
    SharedBits bits{0, 0};
#pragma GCC unroll 4
    for (size_t i = 0; i < words; ++i) {
      bits.both += __builtin_popcountll(WordAt(a, i) & WordAt(b, i));
      bits.either += __builtin_popcountll(WordAt(a, i) | WordAt(b, i));
    }
    return bits;
  }
};

/// KernelSet::Distance::pair of Metric::kHamming.
template <class B>
float HammingPair(const void* a, const void* b, size_t dimension) {
  return static_cast<float>(B::Different(a, b, (dimension + 63) / 64));
}

/// KernelSet::Distance::pair of Metric::kJaccard.
template <class B>
float JaccardPair(const void* a, const void* b, size_t dimension) {
  const SharedBits bits = B::Shared(a, b, (dimension + 63) / 64);
  if (bits.either == 0) return 0;
  // Rounds once, unlike 1 less the share.
  return static_cast<float>(bits.either - bits.both) / static_cast<float>(bits.either);
}

/// KernelSet::Distance::rows of bits.
template <KernelSet::PairFunction kPair>
void BitRows(const void* query, const void* rows, size_t stride_bytes, size_t row_count,
             size_t dimension, float* distances) {
  auto at = static_cast<const char*>(rows);
  for (size_t i = 0; i < row_count; ++i) {
    distances[i] = kPair(query, at + i * stride_bytes, dimension);
  }
}

/// KernelSet::Distance::gather of bits.
template <KernelSet::PairFunction kPair>
void BitGather(const void* query, const void* rows, size_t stride_bytes, const uint32_t* ids,
               size_t id_count, size_t dimension, float* distances) {
  constexpr size_t kAhead = 8;
  auto at = static_cast<const char*>(rows);
  for (size_t i = 0; i < id_count; ++i) {
    if (i + kAhead < id_count) PrefetchRow(at + ids[i + kAhead] * stride_bytes, dimension / 8);
    distances[i] = kPair(query, at + ids[i] * stride_bytes, dimension);
  }
}

/// The metrics of bits.
template <class B>
constexpr void SetBitDistances(KernelSet& set) {
  const auto column = static_cast<size_t>(ElementType::kBits);
  set.distance[static_cast<size_t>(Metric::kHamming)][column] = {
      &BitRows<&HammingPair<B>>, &BitGather<&HammingPair<B>>, &HammingPair<B>};
  set.distance[static_cast<size_t>(Metric::kJaccard)][column] = {
      &BitRows<&JaccardPair<B>>, &BitGather<&JaccardPair<B>>, &JaccardPair<B>};
}

/// Gathers what a file with policies of these names has to offer.
template <class F32, class F16, class BF16, class I8, class U8, class Bits>
constexpr KernelSet MakeSet(const char* name) {
  KernelSet set;
  set.name = name;
  SetDistances<F32>(set, ElementType::kF32);
  SetDistances<F16>(set, ElementType::kF16);
  SetDistances<BF16>(set, ElementType::kBF16);
  SetDistances<I8>(set, ElementType::kI8);
  SetDistances<U8>(set, ElementType::kU8);
  SetBitDistances<Bits>(set);
  set.block[static_cast<size_t>(Metric::kCosine)] = &BlockKernel<F32, kCosineSums>;
  set.block[static_cast<size_t>(Metric::kInnerProduct)] = &BlockKernel<F32, kDot>;
  set.block[static_cast<size_t>(Metric::kL2)] = &BlockKernel<F32, kDifference>;
  set.block[static_cast<size_t>(Metric::kL1)] = &BlockKernel<F32, kAbsolute>;
  set.squared_norm = &SquaredNorm<F32>;
  set.hadamard = &HadamardKernel<F32>;
  set.sign_bits = &SignBitsKernel<F32>;
  return set;
}

}  // namespace
}  // namespace iolite::vector::kernels
