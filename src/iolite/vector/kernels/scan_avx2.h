#pragma once

#include <immintrin.h>

#include "iolite/vector/kernels/graph_body.h"

// FastScan with 16-byte tables (`pshufb`): for AVX2, and for AVX-512 without VBMI.

namespace iolite::vector::kernels {
namespace {

/// Moves the bytes of four vectors in each lane from `vector * 4 + group` to `group * 4 + vector`.
inline __m256i GroupBytes(__m256i codes) {
  const __m256i order = _mm256_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15,  //
                                         0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm256_shuffle_epi8(codes, order);
}

/// Sums of bytes, kept in places of 16 bits: the odd bytes, and even bytes plus 256 times the odd.
struct ByteSums {
  __m256i all = _mm256_setzero_si256(), odd = _mm256_setzero_si256();
  void Add(__m256i values) {
    all = _mm256_add_epi16(all, values);
    odd = _mm256_add_epi16(odd, _mm256_srli_epi16(values, 8));
  }
  /// Adds the sums to those of sixteen vectors, and begins anew. The bytes of each lane are of the
  /// vectors 0-3, 8-11, 4-7 and 12-15: ScanSums() arranges them so.
  void Flush(int32_t* sums) {
    const __m256i even = _mm256_sub_epi16(all, _mm256_slli_epi16(odd, 8));
    // Both lanes hold the same vectors, of other groups.
    const __m128i evens =
        _mm_add_epi16(_mm256_castsi256_si128(even), _mm256_extracti128_si256(even, 1));
    const __m128i odds =
        _mm_add_epi16(_mm256_castsi256_si128(odd), _mm256_extracti128_si256(odd, 1));
    const __m128i low = _mm_unpacklo_epi16(evens, odds), high = _mm_unpackhi_epi16(evens, odds);
    // Dwords stand for the vectors 0-3, 8-11, 4-7, 12-15.
    auto add = [sums](size_t at, __m128i four) {
      auto out = reinterpret_cast<__m128i*>(sums + at);
      _mm_storeu_si128(out, _mm_add_epi32(_mm_loadu_si128(out), _mm_cvtepu16_epi32(four)));
    };
    add(0, low);
    add(8, _mm_srli_si128(low, 8));
    add(4, high);
    add(12, _mm_srli_si128(high, 8));
    all = odd = _mm256_setzero_si256();
  }
};

/// 65,535 / (4 * 255) steps fit into 16 bits.
constexpr size_t kScanFlushDimensions = 16 * 64;

/// Looks every group of four dimensions up, and writes the sums of 32 vectors.
inline void ScanSums(const uint8_t* table, const uint8_t* codes, size_t dimension, int32_t* sums) {
  const __m256i nibble = _mm256_set1_epi8(0x0f);
  ByteSums low, high;
  for (size_t i = 0; i < 32; ++i) sums[i] = 0;
  for (size_t d = 0; d < dimension; d += 16) {
    const auto at = reinterpret_cast<const __m256i*>(codes + d * 4);
    const auto tables = reinterpret_cast<const __m256i*>(table + d * 4);
    const __m256i a = GroupBytes(_mm256_loadu_si256(at));
    const __m256i b = GroupBytes(_mm256_loadu_si256(at + 1));
    // Lane by lane: groups 0 and 1, then 2 and 3, of sixteen vectors each.
    const __m256i first = _mm256_permute4x64_epi64(_mm256_unpacklo_epi32(a, b), 0xd8);
    const __m256i second = _mm256_permute4x64_epi64(_mm256_unpackhi_epi32(a, b), 0xd8);
    const __m256i table01 = _mm256_loadu_si256(tables), table23 = _mm256_loadu_si256(tables + 1);
    auto look_up = [nibble](__m256i entries, __m256i which) {
      return _mm256_shuffle_epi8(entries, _mm256_and_si256(which, nibble));
    };
    low.Add(look_up(table01, first));
    low.Add(look_up(table23, second));
    high.Add(look_up(table01, _mm256_srli_epi16(first, 4)));
    high.Add(look_up(table23, _mm256_srli_epi16(second, 4)));
    if ((d + 16) % kScanFlushDimensions == 0) {
      low.Flush(sums);
      high.Flush(sums + 16);
    }
  }
  low.Flush(sums);
  high.Flush(sums + 16);
}

/// The table look-up: see kernels.h.
template <class F>
uint32_t ScanBlockKernel(const ScanTable& table, const ScanBlock& block, size_t dimension,
                         float base, float bound, float* estimates) {
  alignas(64) int32_t sums[32];
  ScanSums(table.bytes, block.codes, dimension, sums);
  return FinishScan<F>(table, block, sums, base, bound, estimates);
}

}  // namespace
}  // namespace iolite::vector::kernels
