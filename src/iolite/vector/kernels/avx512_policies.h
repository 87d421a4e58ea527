#pragma once

#include <immintrin.h>

#include "iolite/vector/kernels/body.h"
#include "iolite/vector/kernels/half.h"
#include "iolite/vector/kernels/scan_avx2.h"

/// AVX-512 F, BW, DQ, VL and VNNI (Ice Lake, Zen 4 and later), and BF16 where the file that
/// includes this is compiled for it. Internal linkage on purpose: see kernels/body.h.

namespace iolite::vector::kernels {
namespace {

/// Policies of body.h: 16 numbers a register.
struct F32 {
  using Element = float;
  using Vec = __m512;
  using Acc = __m512;
  typedef int32_t Lanes __attribute__((vector_size(64)));
  static constexpr size_t kStep = 16;
  static constexpr int kRows = 4;
  static constexpr size_t kQueries = 2, kBlockRowTile = 4;
  static Acc Zero() { return _mm512_setzero_ps(); }
  static Vec Load(const float* p) { return _mm512_loadu_ps(p); }
  static void Store(float* p, Vec v) { _mm512_storeu_ps(p, v); }
  static Vec LoadPartial(const float* p, size_t n) {
    return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1), p);
  }
  static void StoreBytes(uint8_t* p, Vec v) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtusepi32_epi8(_mm512_cvtps_epi32(v)));
  }
  static uint64_t NegativeBits(Vec v) {
    return _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_LT_OQ);
  }
  static Acc Dot(Acc acc, Vec a, Vec b) { return _mm512_fmadd_ps(a, b, acc); }
  static Acc Difference(Acc acc, Vec a, Vec b) {
    Vec d = _mm512_sub_ps(a, b);
    return _mm512_fmadd_ps(d, d, acc);
  }
  static Acc Absolute(Acc acc, Vec a, Vec b) {
    return _mm512_add_ps(acc, _mm512_abs_ps(_mm512_sub_ps(a, b)));
  }
  static Acc Plus(Acc a, Acc b) { return _mm512_add_ps(a, b); }
  static float Sum(Acc acc) { return _mm512_reduce_add_ps(acc); }
};

/// Widened to f32 as they are loaded.
struct F16 : F32 {
  using Element = uint16_t;
  static Vec Load(const uint16_t* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static Vec LoadPartial(const uint16_t* p, size_t n) {
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(static_cast<__mmask16>((1u << n) - 1), p));
  }
};

/// 32 numbers a register, multiplied in pairs where the processor can.
struct BF16 {
  using Element = uint16_t;
  using Vec = __m512i;  // 32 numbers
  using Acc = __m512;
  static constexpr size_t kStep = 32;
  static constexpr int kRows = 4;
  static Acc Zero() { return _mm512_setzero_ps(); }
  static Vec Load(const uint16_t* p) { return _mm512_loadu_si512(p); }
  static Vec LoadPartial(const uint16_t* p, size_t n) {
    return _mm512_maskz_loadu_epi16((1u << n) - 1, p);
  }
  static __m512 Even(Vec v) { return _mm512_castsi512_ps(_mm512_slli_epi32(v, 16)); }
  static __m512 Odd(Vec v) {
    return _mm512_castsi512_ps(
        _mm512_and_si512(v, _mm512_set1_epi32(static_cast<int>(0xffff0000))));
  }
  static Acc Dot(Acc acc, Vec a, Vec b) {
#ifdef __AVX512BF16__
    return _mm512_dpbf16_ps(acc, (__m512bh)a, (__m512bh)b);
#else
    return _mm512_fmadd_ps(Odd(a), Odd(b), _mm512_fmadd_ps(Even(a), Even(b), acc));
#endif
  }
  static Acc Difference(Acc acc, Vec a, Vec b) {
    __m512 even = _mm512_sub_ps(Even(a), Even(b)), odd = _mm512_sub_ps(Odd(a), Odd(b));
    return _mm512_fmadd_ps(odd, odd, _mm512_fmadd_ps(even, even, acc));
  }
  static Acc Absolute(Acc acc, Vec a, Vec b) {
    const __m512 even = _mm512_abs_ps(_mm512_sub_ps(Even(a), Even(b)));
    return _mm512_add_ps(acc, _mm512_add_ps(even, _mm512_abs_ps(_mm512_sub_ps(Odd(a), Odd(b)))));
  }
  static Acc Plus(Acc a, Acc b) { return _mm512_add_ps(a, b); }
  static float Sum(Acc acc) { return _mm512_reduce_add_ps(acc); }
};

/// bf16 as f32, for products with f32.
struct WideBF16 : F32 {
  using Element = uint16_t;
  static Vec Load(const uint16_t* p) {
    const __m512i wide =
        _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
  }
  static Vec Join(const uint16_t* high, const uint16_t* low) {
    const __m512i below =
        _mm512_cvtepi16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(low)));
    return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(Load(high)), below));
  }
};

/// Widened to 16 bits; sums are exact.
struct I8 {
  using Element = int8_t;
  using Vec = __m512i;  // 32 16-bit numbers
  using Acc = __m512i;
  static constexpr size_t kStep = 32;
  static constexpr int kRows = 4;
  static Acc Zero() { return _mm512_setzero_si512(); }
  static Vec Load(const int8_t* p) {
    return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static Vec LoadPartial(const int8_t* p, size_t n) {
    return _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8((1u << n) - 1, p));
  }
  static Acc Dot(Acc acc, Vec a, Vec b) { return _mm512_dpwssd_epi32(acc, a, b); }
  static Acc Difference(Acc acc, Vec a, Vec b) {
    Vec d = _mm512_sub_epi16(a, b);
    return _mm512_dpwssd_epi32(acc, d, d);
  }
  static Acc Absolute(Acc acc, Vec a, Vec b) {
    return Dot(acc, _mm512_abs_epi16(_mm512_sub_epi16(a, b)), _mm512_set1_epi16(1));
  }
  static Acc Plus(Acc a, Acc b) { return _mm512_add_epi32(a, b); }
  static float Sum(Acc acc) { return static_cast<float>(_mm512_reduce_add_epi32(acc)); }
};

/// Unsigned bytes. Sums of squares need the 32nd bit at the largest dimension.
struct U8 : I8 {
  using Element = uint8_t;
  static Vec Load(const uint8_t* p) {
    return _mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static Vec LoadPartial(const uint8_t* p, size_t n) {
    return _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8((1u << n) - 1, p));
  }
  static float Sum(Acc acc) {
    const __m512i low = _mm512_cvtepu32_epi64(_mm512_castsi512_si256(acc));
    const __m512i high = _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(acc, 1));
    return static_cast<float>(_mm512_reduce_add_epi64(_mm512_add_epi64(low, high)));
  }
};

#ifdef __AVX512VPOPCNTDQ__
/// 512 bits at a time.
struct Bits {
  template <class VisitFunction>
  static void ForEach(const void* a, const void* b, size_t words, VisitFunction visit) {
    auto left = static_cast<const char*>(a), right = static_cast<const char*>(b);
    size_t i = 0;
    for (; i + 8 <= words; i += 8) {
      visit(_mm512_loadu_si512(left + i * 8), _mm512_loadu_si512(right + i * 8));
    }
    if (i == words) return;
    const auto rest = static_cast<__mmask8>((1u << (words - i)) - 1);
    visit(_mm512_maskz_loadu_epi64(rest, left + i * 8),
          _mm512_maskz_loadu_epi64(rest, right + i * 8));
  }
  static uint64_t Different(const void* a, const void* b, size_t words) {
    __m512i count = _mm512_setzero_si512();
    ForEach(a, b, words, [&count](__m512i x, __m512i y) {
      count = _mm512_add_epi64(count, _mm512_popcnt_epi64(_mm512_xor_si512(x, y)));
    });
    return static_cast<uint64_t>(_mm512_reduce_add_epi64(count));
  }
  static SharedBits Shared(const void* a, const void* b, size_t words) {
    __m512i both = _mm512_setzero_si512(), either = both;
    ForEach(a, b, words, [&](__m512i x, __m512i y) {
      both = _mm512_add_epi64(both, _mm512_popcnt_epi64(_mm512_and_si512(x, y)));
      either = _mm512_add_epi64(either, _mm512_popcnt_epi64(_mm512_or_si512(x, y)));
    });
    return {static_cast<uint64_t>(_mm512_reduce_add_epi64(both)),
            static_cast<uint64_t>(_mm512_reduce_add_epi64(either))};
  }
};
#else
/// Word by word.
using Bits = WordBits;
#endif

/// KernelSet::to_f16.
void ToF16(const float* values, size_t count, uint16_t* f16) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    __m256i halves = _mm512_cvtps_ph(_mm512_loadu_ps(values + i), _MM_FROUND_TO_NEAREST_INT);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(f16 + i), halves);
  }
  for (; i < count; ++i) f16[i] = F32ToF16(values[i]);
}

/// The sums of four registers of sixteen.
inline __m128i SumsOfFour(const __m512i (&sums)[4]) {
  __m128i quarter[4];
#pragma GCC unroll 4
  for (int r = 0; r < 4; ++r) {
    __m256i half =
        _mm256_add_epi32(_mm512_castsi512_si256(sums[r]), _mm512_extracti64x4_epi64(sums[r], 1));
    quarter[r] = _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
  }
  return _mm_hadd_epi32(_mm_hadd_epi32(quarter[0], quarter[1]),
                        _mm_hadd_epi32(quarter[2], quarter[3]));
}

/// Estimate() for four rows, whose factors are behind their bits.
inline __m128 EstimatesOfFour(const SignQuery& query, const char* const (&factors)[4],
                              __m128i sums) {
  auto load = [&](int r) {
    return _mm_castsi128_ps(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(factors[r])));
  };
  const __m128 low = _mm_unpacklo_ps(load(0), load(1)), high = _mm_unpacklo_ps(load(2), load(3));
  const __m128 add = _mm_movelh_ps(low, high), rescale = _mm_movehl_ps(high, low);
  __m128 product = _mm_mul_ps(_mm_set1_ps(query.scale), _mm_cvtepi32_ps(sums));
  product = _mm_add_ps(_mm_set1_ps(query.offset), product);
  return _mm_add_ps(add, _mm_mul_ps(rescale, product));
}

/// The bits are a byte mask as they stand: 64 elements cost a masked move and one dot product with
/// ones. kWords > 0 keeps the query in registers.
template <int kWords>
void SignEstimatesOf(const SignQuery& query, const SignRows& rows, const uint32_t* ids,
                     size_t id_count, float* estimates) {
  const __m512i ones = _mm512_set1_epi8(1);
  const size_t words = kWords > 0 ? kWords : rows.dimension / 64;
  __m512i elements[kWords > 0 ? kWords : 1];
  for (int w = 0; w < kWords; ++w) elements[w] = _mm512_loadu_si512(query.elements + 64 * w);
  auto add_word = [&](__m512i sum, const char* row, size_t w) {
    const __m512i all = kWords > 0 ? elements[w] : _mm512_loadu_si512(query.elements + 64 * w);
    return _mm512_dpbusd_epi32(sum, ones, _mm512_maskz_mov_epi8(SignWord(row, w), all));
  };
  size_t i = 0;
  for (; i + 4 <= id_count; i += 4) {
    __m512i sums[4];
    const char* row[4];
    const char* factors[4];
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
      if (i + r + 24 < id_count) {
        const char* ahead = rows.Row(ids[i + r + 24]);
        for (size_t byte = 0; byte < words * 8; byte += 64) __builtin_prefetch(ahead + byte);
        __builtin_prefetch(ahead + words * 8);
      }
      row[r] = rows.Row(ids[i + r]);
      factors[r] = row[r] + words * 8;
      sums[r] = _mm512_setzero_si512();
    }
#pragma GCC unroll 16
    for (size_t w = 0; w < words; ++w) {
#pragma GCC unroll 4
      for (int r = 0; r < 4; ++r) sums[r] = add_word(sums[r], row[r], w);
    }
    _mm_storeu_ps(estimates + i, EstimatesOfFour(query, factors, SumsOfFour(sums)));
  }
  for (; i < id_count; ++i) {
    __m512i sum = _mm512_setzero_si512();
    const char* row = rows.Row(ids[i]);
    for (size_t w = 0; w < words; ++w) sum = add_word(sum, row, w);
    estimates[i] = Estimate(query, FactorsOf(rows, row), _mm512_reduce_add_epi32(sum));
  }
}

/// KernelSet::sign_estimates, with the query in registers at the usual widths.
void SignEstimates(const SignQuery& query, const SignRows& rows, const uint32_t* ids,
                   size_t id_count, float* estimates) {
  switch (rows.dimension) {
    case 128: return SignEstimatesOf<2>(query, rows, ids, id_count, estimates);
    case 384: return SignEstimatesOf<6>(query, rows, ids, id_count, estimates);
    case 512: return SignEstimatesOf<8>(query, rows, ids, id_count, estimates);
    case 768: return SignEstimatesOf<12>(query, rows, ids, id_count, estimates);
    case 1024: return SignEstimatesOf<16>(query, rows, ids, id_count, estimates);
    default: return SignEstimatesOf<0>(query, rows, ids, id_count, estimates);
  }
}

#ifdef __AVX512VBMI__
/// One instruction looks up sixteen dimensions of sixteen codes, another adds them up.
uint32_t WideScanBlockKernel(const ScanTable& table, const ScanBlock& block, size_t dimension,
                             float base, float bound, float* estimates) {
  const __m512i ones = _mm512_set1_epi8(1);
  const __m512i nibble = _mm512_set1_epi8(0x0f);
  const __m512i group = _mm512_set1_epi32(0x30201000);
  __m512i low[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
  __m512i high[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
  auto add = [&](size_t d, int half) {
    const __m512i codes = _mm512_loadu_si512(block.codes + d * 4);
    const __m512i entries = _mm512_loadu_si512(table.bytes + d * 4);
    // (codes & nibble) | group
    const __m512i first = _mm512_ternarylogic_epi32(codes, nibble, group, 0xea);
    const __m512i second =
        _mm512_ternarylogic_epi32(_mm512_srli_epi16(codes, 4), nibble, group, 0xea);
    low[half] = _mm512_dpbusd_epi32(low[half], _mm512_permutexvar_epi8(first, entries), ones);
    high[half] = _mm512_dpbusd_epi32(high[half], _mm512_permutexvar_epi8(second, entries), ones);
  };
  size_t d = 0;
  for (; d + 32 <= dimension; d += 32) {
    add(d, 0);
    add(d + 16, 1);
  }
  if (d < dimension) add(d, 0);
  alignas(64) int32_t sums[32];
  _mm512_store_si512(sums, _mm512_add_epi32(low[0], low[1]));
  _mm512_store_si512(sums + 16, _mm512_add_epi32(high[0], high[1]));
  return FinishScan<F32>(table, block, sums, base, bound, estimates);
}
#endif

/// The kernels that both files with these policies have.
KernelSet MakeAvx512(const char* name) {
  KernelSet set = MakeSet<F32, F16, BF16, I8, U8, Bits>(name);
  set.to_f16 = &ToF16;
  set.sign_estimates = &SignEstimates;
  SetGraphKernels<F32, WideBF16, BF16>(set);
#ifdef __AVX512VBMI__
  set.scan_block = &WideScanBlockKernel;
#else
  set.scan_block = &ScanBlockKernel<F32>;
#endif
  return set;
}

}  // namespace
}  // namespace iolite::vector::kernels
