#include <immintrin.h>

#include "iolite/vector/kernels/body.h"
#include "iolite/vector/kernels/half.h"
#include "iolite/vector/kernels/scan_avx2.h"
#include "iolite/vector/kernels/sets.h"

// AVX2 with FMA and F16C: Haswell, Zen and later.

namespace iolite::vector::kernels {
namespace {

struct F32 {
  using Element = float;
  using Vec = __m256;
  using Acc = __m256;
  typedef int32_t Lanes __attribute__((vector_size(32)));
  static constexpr size_t kStep = 8;
  static constexpr int kRows = 2;
  static constexpr size_t kQueries = 2, kBlockRowTile = 2;
  static Acc Zero() { return _mm256_setzero_ps(); }
  static Vec Load(const float* p) { return _mm256_loadu_ps(p); }
  static void Store(float* p, Vec v) { _mm256_storeu_ps(p, v); }
  static Vec LoadPartial(const float* p, size_t n) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_maskload_ps(p, _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), lane));
  }
  static void StoreBytes(uint8_t* p, Vec v) {
    const __m256i integers = _mm256_cvtps_epi32(v);
    const __m128i halves =
        _mm_packs_epi32(_mm256_castsi256_si128(integers), _mm256_extracti128_si256(integers, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi16(halves, halves));
  }
  static uint64_t NegativeBits(Vec v) {
    return static_cast<uint64_t>(
        _mm256_movemask_ps(_mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_LT_OQ)));
  }
  static Acc Dot(Acc acc, Vec a, Vec b) { return _mm256_fmadd_ps(a, b, acc); }
  static Acc Difference(Acc acc, Vec a, Vec b) {
    Vec d = _mm256_sub_ps(a, b);
    return _mm256_fmadd_ps(d, d, acc);
  }
  static Acc Absolute(Acc acc, Vec a, Vec b) {
    return _mm256_add_ps(acc, _mm256_andnot_ps(_mm256_set1_ps(-0.0f), _mm256_sub_ps(a, b)));
  }
  static Acc Plus(Acc a, Acc b) { return _mm256_add_ps(a, b); }
  static float Sum(Acc acc) {
    __m128 low = _mm_add_ps(_mm256_castps256_ps128(acc), _mm256_extractf128_ps(acc, 1));
    low = _mm_add_ps(low, _mm_movehl_ps(low, low));
    low = _mm_add_ss(low, _mm_shuffle_ps(low, low, 1));
    return _mm_cvtss_f32(low);
  }
};

inline __m128i LoadHalves(const uint16_t* p, size_t n) {
  uint16_t padded[8] = {};
  for (size_t i = 0; i < n; ++i) padded[i] = p[i];
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(padded));
}

struct F16 : F32 {
  using Element = uint16_t;
  static Vec Load(const uint16_t* p) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static Vec LoadPartial(const uint16_t* p, size_t n) { return _mm256_cvtph_ps(LoadHalves(p, n)); }
};

struct BF16 : F32 {
  using Element = uint16_t;
  static Vec Widen(__m128i halves) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
  }
  static Vec Load(const uint16_t* p) {
    return Widen(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static Vec LoadPartial(const uint16_t* p, size_t n) { return Widen(LoadHalves(p, n)); }
  static Vec Join(const uint16_t* high, const uint16_t* low) {
    const __m256i below =
        _mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(low)));
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(Load(high)), below));
  }
};

struct I8 {
  using Element = int8_t;
  using Vec = __m256i;  // sixteen 16-bit numbers
  using Acc = __m256i;
  static constexpr size_t kStep = 16;
  static constexpr int kRows = 2;
  static Acc Zero() { return _mm256_setzero_si256(); }
  static Vec Load(const int8_t* p) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static Vec LoadPartial(const int8_t* p, size_t n) {
    int8_t padded[16] = {};
    for (size_t i = 0; i < n; ++i) padded[i] = p[i];
    return Load(padded);
  }
  static Acc Dot(Acc acc, Vec a, Vec b) { return _mm256_add_epi32(acc, _mm256_madd_epi16(a, b)); }
  static Acc Difference(Acc acc, Vec a, Vec b) {
    Vec d = _mm256_sub_epi16(a, b);
    return Dot(acc, d, d);
  }
  static Acc Absolute(Acc acc, Vec a, Vec b) {
    return Dot(acc, _mm256_abs_epi16(_mm256_sub_epi16(a, b)), _mm256_set1_epi16(1));
  }
  static Acc Plus(Acc a, Acc b) { return _mm256_add_epi32(a, b); }
  static int32_t Total(Acc acc) {
    __m128i low = _mm_add_epi32(_mm256_castsi256_si128(acc), _mm256_extracti128_si256(acc, 1));
    low = _mm_add_epi32(low, _mm_unpackhi_epi64(low, low));
    low = _mm_add_epi32(low, _mm_shuffle_epi32(low, 1));
    return _mm_cvtsi128_si32(low);
  }
  static float Sum(Acc acc) { return static_cast<float>(Total(acc)); }
};

// Sums of squares need the 32nd bit at the largest dimension.
struct U8 : I8 {
  using Element = uint8_t;
  static Vec Load(const uint8_t* p) {
    return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static Vec LoadPartial(const uint8_t* p, size_t n) {
    uint8_t padded[16] = {};
    for (size_t i = 0; i < n; ++i) padded[i] = p[i];
    return Load(padded);
  }
  static float Sum(Acc acc) { return static_cast<float>(static_cast<uint32_t>(Total(acc))); }
};

void ToF16(const float* values, size_t count, uint16_t* f16) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    __m128i halves = _mm256_cvtps_ph(_mm256_loadu_ps(values + i), _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(f16 + i), halves);
  }
  for (; i < count; ++i) f16[i] = F32ToF16(values[i]);
}

// As the portable one, 32 bits at a time.
void SignEstimates(const SignQuery& query, const SignRows& rows, const uint32_t* ids,
                   size_t id_count, float* estimates) {
  const __m256i bit = _mm256_set1_epi64x(static_cast<int64_t>(0x8040201008040201ull));
  const __m256i bias = _mm256_set1_epi8(static_cast<char>(0x80));
  const __m256i byte_of_lane =
      _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
  const size_t words = rows.dimension / 64;
  for (size_t i = 0; i < id_count; ++i) {
    const char* row = rows.Row(ids[i]);
    if (i + 8 < id_count) __builtin_prefetch(rows.Row(ids[i + 8]));
    __m256i sum = _mm256_setzero_si256();
    int set_count = 0;
    for (size_t w = 0; w < words; ++w) set_count += __builtin_popcountll(SignWord(row, w));
    for (size_t d = 0; d < rows.dimension; d += 32) {
      int32_t word;
      std::memcpy(&word, row + d / 8, 4);
      __m256i spread = _mm256_shuffle_epi8(_mm256_set1_epi32(word), byte_of_lane);
      __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(spread, bit), bit);
      __m256i values = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(query.elements + d));
      values = _mm256_and_si256(_mm256_xor_si256(values, bias), set);
      sum = _mm256_add_epi64(sum, _mm256_sad_epu8(values, _mm256_setzero_si256()));
    }
    __m128i low = _mm_add_epi64(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
    low = _mm_add_epi64(low, _mm_unpackhi_epi64(low, low));
    const int32_t total = _mm_cvtsi128_si32(low) - 128 * set_count;
    estimates[i] = Estimate(query, FactorsOf(rows, row), total);
  }
}

KernelSet Make() {
  KernelSet set = MakeSet<F32, F16, BF16, I8, U8, WordBits>("avx2");
  set.to_f16 = &ToF16;
  set.sign_estimates = &SignEstimates;
  SetGraphKernels<F32, BF16>(set);
  set.scan_block = &ScanBlockKernel<F32>;
  return set;
}

}  // namespace

const KernelSet& Avx2Kernels() {
  static const KernelSet set = Make();
  return set;
}

}  // namespace iolite::vector::kernels
