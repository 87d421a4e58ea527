#pragma once

#include <cstddef>
#include <cstdint>

#include "iolite/vector/kernels/body.h"

// The bodies of the kernels that walk the quantized graph, besides the table look-up itself. As in
// body.h, everything is internal to the file that includes it.

namespace iolite::vector::kernels {
namespace {

/// Compares one query of f32 with one row of bf16. `W` widens bf16 to the registers of `F`;
/// `dimension` is a multiple of 32.
template <class F, class W, int kMode>
float MixedKernel(const float* query, const uint16_t* row, size_t dimension) {
  constexpr size_t kStep = F::kStep;
  typename F::Acc sums[4] = {F::Zero(), F::Zero(), F::Zero(), F::Zero()};
  size_t i = 0;
  for (; i + 4 * kStep <= dimension; i += 4 * kStep) {
#pragma GCC unroll 4
    for (size_t j = 0; j < 4; ++j) {
      const auto a = F::Load(query + i + j * kStep), b = W::Load(row + i + j * kStep);
      sums[j] = kMode == kDifference ? F::Difference(sums[j], a, b) : F::Dot(sums[j], a, b);
    }
  }
  for (; i < dimension; i += kStep) {
    const auto a = F::Load(query + i), b = W::Load(row + i);
    sums[0] = kMode == kDifference ? F::Difference(sums[0], a, b) : F::Dot(sums[0], a, b);
  }
  return F::Sum(F::Plus(F::Plus(sums[0], sums[1]), F::Plus(sums[2], sums[3])));
}

/// Squared distance of two rows of bf16. With one sum, each addition would wait for the one before.
template <class P>
float L2RowsKernel(const uint16_t* a, const uint16_t* b, size_t dimension) {
  constexpr size_t kStep = P::kStep, kSums = 4;
  typename P::Acc sums[kSums] = {P::Zero(), P::Zero(), P::Zero(), P::Zero()};
  size_t i = 0;
  for (; i + kSums * kStep <= dimension; i += kSums * kStep) {
#pragma GCC unroll 4
    for (size_t j = 0; j < kSums; ++j) {
      sums[j] = P::Difference(sums[j], P::Load(a + i + j * kStep), P::Load(b + i + j * kStep));
    }
  }
  for (; i < dimension; i += kStep) {
    sums[0] = P::Difference(sums[0], P::Load(a + i), P::Load(b + i));
  }
  return P::Sum(P::Plus(P::Plus(sums[0], sums[1]), P::Plus(sums[2], sums[3])));
}

/// Compares one query of f32 with one row that is split into the high and low halves of its bits,
/// which `W` joins. `dimension` is a multiple of 32.
template <class F, class W, int kMode>
float SplitKernel(const float* query, const uint16_t* high, const uint16_t* low, size_t dimension) {
  constexpr size_t kStep = F::kStep;
  typename F::Acc sums[2] = {F::Zero(), F::Zero()};
  for (size_t i = 0; i < dimension; i += 2 * kStep) {
#pragma GCC unroll 2
    for (size_t j = 0; j < 2; ++j) {
      const auto a = F::Load(query + i + j * kStep);
      const auto b = W::Join(high + i + j * kStep, low + i + j * kStep);
      sums[j] = kMode == kDifference ? F::Difference(sums[j], a, b) : F::Dot(sums[j], a, b);
    }
  }
  return F::Sum(F::Plus(sums[0], sums[1]));
}

/// What scales the entries of a query's table to bytes, and gives sums of bytes their meaning.
struct ScanTableRange {
  float step;   ///< Of one byte.
  float least;  ///< The smallest sum that signs can choose: of all negative elements.
  float total;  ///< The sum of all elements.
};

/// Adds up the lanes of each group of four, and leaves the sum in all of them.
template <class F>
[[gnu::always_inline]] inline typename F::Vec SumGroups(typename F::Vec values) {
  typename F::Lanes beside, across;
  for (size_t lane = 0; lane < F::kStep; ++lane) {
    beside[lane] = static_cast<int32_t>(lane ^ 1);
    across[lane] = static_cast<int32_t>(lane ^ 2);
  }
  values = values + __builtin_shuffle(values, beside);
  return values + __builtin_shuffle(values, across);
}

/// Sums in an order of its own, so that every set gives the same bits.
inline float SumSixteen(float (&values)[16]) {
#pragma GCC unroll 4
  for (size_t half = 8; half > 0; half /= 2) {
    for (size_t i = 0; i < half; ++i) values[i] += values[i + half];
  }
  return values[0];
}

/// Steps below this have no inverse in f32.
constexpr float kScanStepMin = 1.17549435e-38f;

/// Finds the step that makes the largest entry of any group of four dimensions 255, and the sums.
template <class F>
[[gnu::always_inline]] inline ScanTableRange FindScanTableRange(const float* query,
                                                                size_t dimension) {
  constexpr size_t kParts = 16 / F::kStep;
  const typename F::Vec zero = F::Zero();
  typename F::Acc total[kParts], absolute[kParts];
  for (size_t part = 0; part < kParts; ++part) total[part] = absolute[part] = zero;
  typename F::Vec largest = zero;
  for (size_t d = 0; d < dimension; d += 16) {
#pragma GCC unroll 4
    for (size_t part = 0; part < kParts; ++part) {
      const typename F::Vec values = F::Load(query + d + part * F::kStep);
      const typename F::Vec sizes = values < zero ? -values : values;
      total[part] = F::Plus(total[part], values);
      absolute[part] = F::Plus(absolute[part], sizes);
      const typename F::Vec ranges = SumGroups<F>(sizes);
      largest = ranges > largest ? ranges : largest;
    }
  }
  float range_max = 0;
  for (size_t lane = 0; lane < F::kStep; lane += 4) {
    range_max = largest[lane] > range_max ? largest[lane] : range_max;
  }
  float totals[16], absolutes[16];
  for (size_t part = 0; part < kParts; ++part) {
    F::Store(totals + part * F::kStep, total[part]);
    F::Store(absolutes + part * F::kStep, absolute[part]);
  }
  const float sum = SumSixteen(totals);
  const float step = range_max / 255;
  return {step > kScanStepMin ? step : kScanStepMin, (sum - SumSixteen(absolutes)) / 2, sum};
}

/// Makes the table of a query. Entry b of a group of four dimensions is the sum of those elements
/// whose bit is set in b, less the smallest such sum, in steps that make the largest 255.
template <class F>
void MakeScanTableKernel(const float* query, size_t dimension, uint8_t* bytes, float* offset,
                         float* scale) {
  const ScanTableRange range = FindScanTableRange<F>(query, dimension);
  constexpr size_t kParts = 16 / F::kStep;
  const typename F::Vec zero = F::Zero(), inverse = zero + 1 / range.step;
  typename F::Vec bit[4][kParts];
  for (size_t entry = 0; entry < 16; ++entry) {
    for (size_t b = 0; b < 4; ++b) {
      bit[b][entry / F::kStep][entry % F::kStep] = static_cast<float>((entry >> b) & 1);
    }
  }
  for (size_t first = 0; first < dimension; first += F::kStep) {
    const typename F::Vec values = F::Load(query + first);
    float low[F::kStep];
    F::Store(low, SumGroups<F>(values < zero ? values : zero));
#pragma GCC unroll 4
    for (size_t d = first; d < first + F::kStep; d += 4) {
#pragma GCC unroll 4
      for (size_t part = 0; part < kParts; ++part) {
        typename F::Vec sums = zero - low[d - first];
        // Products with 0 and 1 are exact, so fused and separate additions agree.
        for (size_t b = 0; b < 4; ++b) sums = F::Dot(sums, bit[b][part], zero + query[d + b]);
        F::StoreBytes(bytes + d * 4 + part * F::kStep, sums * inverse);
      }
    }
  }
  // The sum over the set bits is least + step * sum; <q, signs> is twice that, less the total.
  *offset = 2 * range.least - range.total;
  *scale = 2 * range.step;
}

/// Makes estimates of the 32 sums, and returns a bit for each below `bound`.
template <class F>
[[gnu::always_inline]] inline uint32_t FinishScan(const ScanTable& table, const ScanBlock& block,
                                                  const int32_t* sums, float base, float bound,
                                                  float* estimates) {
  uint32_t below = 0;
  for (size_t i = 0; i < 32; i += F::kStep) {
    typename F::Lanes lanes;
    std::memcpy(&lanes, sums + i, sizeof(lanes));
    typename F::Vec sum = __builtin_convertvector(lanes, typename F::Vec);
    sum = sum * table.scale + table.offset;
    const typename F::Vec estimate =
        F::Load(block.rescale + i) * sum + (F::Load(block.add + i) + base);
    F::Store(estimates + i, estimate);
    below |= static_cast<uint32_t>(F::NegativeBits(estimate - bound)) << i;
  }
  return below;
}

/// The bits of floats.
typedef uint32_t __attribute__((may_alias)) Bits32;

/// Puts a bf16 and the 16 bits below it together again: see kernels.h.
void JoinKernel(const uint16_t* __restrict high, const uint16_t* __restrict low, size_t count,
                float* __restrict values) {
  for (size_t i = 0; i < count; ++i) {
    reinterpret_cast<Bits32*>(values)[i] =
        (static_cast<uint32_t>(high[i]) << 16) +
        static_cast<uint32_t>(static_cast<int32_t>(static_cast<int16_t>(low[i])));
  }
}

/// Makes f32 of bf16.
void WidenKernel(const uint16_t* __restrict high, size_t count, float* __restrict values) {
  for (size_t i = 0; i < count; ++i) {
    reinterpret_cast<Bits32*>(values)[i] = static_cast<uint32_t>(high[i]) << 16;
  }
}

/// Writes the residual target - owner as sign bits, and returns the sums that make factors of it.
template <class F>
EdgeSums EncodeEdgeKernel(const float* owner, const float* target, size_t dimension,
                          uint32_t* words) {
  typename F::Acc squares = F::Zero(), lengths = F::Zero(), signs = F::Zero(), dots = F::Zero();
  const typename F::Vec zero = F::Zero();
  for (size_t base = 0; base < dimension; base += 32) {
    uint64_t negative = 0;
    for (size_t i = 0; i < 32; i += F::kStep) {
      const typename F::Vec own = F::Load(owner + base + i);
      const typename F::Vec residual = F::Load(target + base + i) - own;
      negative |= F::NegativeBits(residual) << i;
      squares = F::Dot(squares, residual, residual);
      dots = F::Dot(dots, residual, own);
      lengths = F::Plus(lengths, residual < zero ? -residual : residual);
      signs = F::Plus(signs, residual < zero ? -own : own);
    }
    words[base / 32] = ~static_cast<uint32_t>(negative);
  }
  return {F::Sum(squares), F::Sum(lengths), F::Sum(signs), F::Sum(dots)};
}

/// Multiplies in place. `count` is a multiple of F::kStep.
template <class F>
void MultiplyKernel(const float* factors, size_t count, float* values) {
  for (size_t i = 0; i < count; i += F::kStep) {
    F::Store(values + i, F::Load(values + i) * F::Load(factors + i));
  }
}

/// Counts those of `values` that are below `value`; what lies behind `count` may be read.
template <class F>
size_t RankKernel(const float* values, size_t count, float value) {
  int rank = 0;
  size_t i = 0;
  for (; i + F::kStep <= count; i += F::kStep) {
    rank += __builtin_popcountll(F::NegativeBits(F::Load(values + i) - value));
  }
  if (i < count) {
    const uint64_t behind = ~uint64_t{0} << (count - i);
    rank += __builtin_popcountll(F::NegativeBits(F::Load(values + i) - value) & ~behind);
  }
  return static_cast<size_t>(rank);
}

/// Puts the kernels of this file into a set. `P` is the policy for two rows of bf16.
template <class F, class W, class P = W>
constexpr void SetGraphKernels(KernelSet& set) {
  set.l2_bf16 = &MixedKernel<F, W, kDifference>;
  set.dot_bf16 = &MixedKernel<F, W, kDot>;
  set.l2_rows = &L2RowsKernel<P>;
  set.l2_split = &SplitKernel<F, W, kDifference>;
  set.dot_split = &SplitKernel<F, W, kDot>;
  set.make_scan_table = &MakeScanTableKernel<F>;
  set.join = &JoinKernel;
  set.widen = &WidenKernel;
  set.rank = &RankKernel<F>;
  set.multiply = &MultiplyKernel<F>;
  set.encode_edge = &EncodeEdgeKernel<F>;
}

}  // namespace
}  // namespace iolite::vector::kernels
