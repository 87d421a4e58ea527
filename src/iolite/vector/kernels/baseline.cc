#include <emmintrin.h>

#include "iolite/vector/kernels/body.h"
#include "iolite/vector/kernels/graph_body.h"
#include "iolite/vector/kernels/half.h"
#include "iolite/vector/kernels/sets.h"

// What every x86-64 processor runs: SSE2.

namespace iolite::vector::kernels {
namespace {

struct F32 {
  using Element = float;
  using Vec = __m128;
  using Acc = __m128;
  typedef int32_t Lanes __attribute__((vector_size(16)));
  static constexpr size_t kStep = 4;
  static constexpr int kRows = 2;
  static constexpr size_t kQueries = 2, kBlockRowTile = 2;
  static Acc Zero() { return _mm_setzero_ps(); }
  static Vec Load(const float* p) { return _mm_loadu_ps(p); }
  static void Store(float* p, Vec v) { _mm_storeu_ps(p, v); }
  static Vec LoadPartial(const float* p, size_t n) {
    float padded[4] = {};
    for (size_t i = 0; i < n; ++i) padded[i] = p[i];
    return _mm_loadu_ps(padded);
  }
  static void StoreBytes(uint8_t* p, Vec v) {
    const __m128i halves = _mm_packs_epi32(_mm_cvtps_epi32(v), _mm_setzero_si128());
    const int32_t bytes = _mm_cvtsi128_si32(_mm_packus_epi16(halves, halves));
    std::memcpy(p, &bytes, 4);
  }
  static uint64_t NegativeBits(Vec v) {
    return static_cast<uint64_t>(_mm_movemask_ps(_mm_cmplt_ps(v, _mm_setzero_ps())));
  }
  static Acc Dot(Acc acc, Vec a, Vec b) { return _mm_add_ps(acc, _mm_mul_ps(a, b)); }
  static Acc Difference(Acc acc, Vec a, Vec b) {
    Vec d = _mm_sub_ps(a, b);
    return Dot(acc, d, d);
  }
  static Acc Absolute(Acc acc, Vec a, Vec b) {
    return _mm_add_ps(acc, _mm_andnot_ps(_mm_set1_ps(-0.0f), _mm_sub_ps(a, b)));
  }
  static Acc Plus(Acc a, Acc b) { return _mm_add_ps(a, b); }
  static float Sum(Acc acc) {
    acc = _mm_add_ps(acc, _mm_movehl_ps(acc, acc));
    acc = _mm_add_ss(acc, _mm_shuffle_ps(acc, acc, 1));
    return _mm_cvtss_f32(acc);
  }
};

// 16-bit floats are widened, then treated as f32.
template <float (*kWiden)(uint16_t)>
struct Half : F32 {
  using Element = uint16_t;
  static Vec Load(const uint16_t* p) { return LoadPartial(p, 4); }
  static Vec LoadPartial(const uint16_t* p, size_t n) {
    float padded[4] = {};
    for (size_t i = 0; i < n; ++i) padded[i] = kWiden(p[i]);
    return _mm_loadu_ps(padded);
  }
};
using F16 = Half<F16ToF32>;

struct BF16 : Half<BF16ToF32> {
  static Vec Load(const uint16_t* p) {
    __m128i halves = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
    return _mm_castsi128_ps(_mm_unpacklo_epi16(_mm_setzero_si128(), halves));
  }
  static Vec Join(const uint16_t* high, const uint16_t* low) {
    const __m128i halves = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(low));
    const __m128i below = _mm_srai_epi32(_mm_unpacklo_epi16(halves, halves), 16);
    return _mm_castsi128_ps(_mm_add_epi32(_mm_castps_si128(Load(high)), below));
  }
};

struct I8 {
  using Element = int8_t;
  using Vec = __m128i;  // eight 16-bit numbers
  using Acc = __m128i;
  static constexpr size_t kStep = 8;
  static constexpr int kRows = 2;
  static Acc Zero() { return _mm_setzero_si128(); }
  static Vec Widen(__m128i bytes) { return _mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8); }
  static Vec Load(const int8_t* p) {
    return Widen(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
  }
  static Vec LoadPartial(const int8_t* p, size_t n) {
    int8_t padded[8] = {};
    for (size_t i = 0; i < n; ++i) padded[i] = p[i];
    return Load(padded);
  }
  static Acc Dot(Acc acc, Vec a, Vec b) { return _mm_add_epi32(acc, _mm_madd_epi16(a, b)); }
  static Acc Difference(Acc acc, Vec a, Vec b) {
    Vec d = _mm_sub_epi16(a, b);
    return Dot(acc, d, d);
  }
  static Acc Absolute(Acc acc, Vec a, Vec b) {
    const Vec d = _mm_max_epi16(_mm_sub_epi16(a, b), _mm_sub_epi16(b, a));
    return Dot(acc, d, _mm_set1_epi16(1));
  }
  static Acc Plus(Acc a, Acc b) { return _mm_add_epi32(a, b); }
  static int32_t Total(Acc acc) {
    acc = _mm_add_epi32(acc, _mm_unpackhi_epi64(acc, acc));
    acc = _mm_add_epi32(acc, _mm_shuffle_epi32(acc, 1));
    return _mm_cvtsi128_si32(acc);
  }
  static float Sum(Acc acc) { return static_cast<float>(Total(acc)); }
};

// Sums of squares need the 32nd bit at the largest dimension.
struct U8 : I8 {
  using Element = uint8_t;
  static Vec Load(const uint8_t* p) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
    return _mm_unpacklo_epi8(bytes, _mm_setzero_si128());
  }
  static Vec LoadPartial(const uint8_t* p, size_t n) {
    uint8_t padded[8] = {};
    for (size_t i = 0; i < n; ++i) padded[i] = p[i];
    return Load(padded);
  }
  static float Sum(Acc acc) { return static_cast<float>(static_cast<uint32_t>(Total(acc))); }
};

struct Bits {
  // Counts within ever wider fields; SSE2 has no instruction for it.
  static uint64_t Count(uint64_t word) {
    word -= (word >> 1) & 0x5555555555555555;
    word = (word & 0x3333333333333333) + ((word >> 2) & 0x3333333333333333);
    return ((word + (word >> 4)) & 0x0f0f0f0f0f0f0f0f) * 0x0101010101010101 >> 56;
  }
  static uint64_t Different(const void* a, const void* b, size_t words) {
    uint64_t count = 0;
    for (size_t i = 0; i < words; ++i) count += Count(WordAt(a, i) ^ WordAt(b, i));
    return count;
  }
  static SharedBits Shared(const void* a, const void* b, size_t words) {
    SharedBits bits{0, 0};
    for (size_t i = 0; i < words; ++i) {
      bits.both += Count(WordAt(a, i) & WordAt(b, i));
      bits.either += Count(WordAt(a, i) | WordAt(b, i));
    }
    return bits;
  }
};

void ToF16(const float* values, size_t count, uint16_t* f16) {
  for (size_t i = 0; i < count; ++i) f16[i] = F32ToF16(values[i]);
}

int16_t SixteenBits(const char* at) {
  int16_t bits;
  std::memcpy(&bits, at, 2);
  return bits;
}

// Spreads 16 bits over 16 bytes and keeps the query's bytes under those that are set, biased to be
// unsigned, so that one instruction sums them.
void SignEstimates(const SignQuery& query, const SignRows& rows, const uint32_t* ids,
                   size_t id_count, float* estimates) {
  const __m128i bit = _mm_set1_epi64x(static_cast<int64_t>(0x8040201008040201ull));
  const __m128i bias = _mm_set1_epi8(static_cast<char>(0x80));
  for (size_t i = 0; i < id_count; ++i) {
    const char* row = rows.Row(ids[i]);
    __m128i sum = _mm_setzero_si128(), set_count = _mm_setzero_si128();
    for (size_t d = 0; d < rows.dimension; d += 16) {
      __m128i spread = _mm_set1_epi16(SixteenBits(row + d / 8));
      spread = _mm_unpacklo_epi8(spread, spread);
      spread = _mm_shufflehi_epi16(_mm_shufflelo_epi16(spread, 0x00), 0x55);
      __m128i set = _mm_cmpeq_epi8(_mm_and_si128(spread, bit), bit);
      __m128i values = _mm_loadu_si128(reinterpret_cast<const __m128i*>(query.elements + d));
      values = _mm_and_si128(_mm_xor_si128(values, bias), set);
      sum = _mm_add_epi64(sum, _mm_sad_epu8(values, _mm_setzero_si128()));
      __m128i one = _mm_and_si128(set, _mm_set1_epi8(1));
      set_count = _mm_add_epi64(set_count, _mm_sad_epu8(one, _mm_setzero_si128()));
    }
    sum = _mm_add_epi64(sum, _mm_unpackhi_epi64(sum, sum));
    set_count = _mm_add_epi64(set_count, _mm_unpackhi_epi64(set_count, set_count));
    const int32_t total = _mm_cvtsi128_si32(sum) - 128 * _mm_cvtsi128_si32(set_count);
    estimates[i] = Estimate(query, FactorsOf(rows, row), total);
  }
}

uint32_t ScanBlockKernel(const ScanTable& table, const ScanBlock& block, size_t dimension,
                         float base, float bound, float* estimates) {
  alignas(16) int32_t sums[32] = {};
  for (size_t d = 0; d < dimension; d += 16) {
    const uint8_t* codes = block.codes + d * 4;
    for (size_t v = 0; v < 16; ++v) {
      for (size_t g = 0; g < 4; ++g) {
        const uint8_t* entries = table.bytes + d * 4 + g * 16;
        sums[v] += entries[codes[v * 4 + g] & 0x0f];
        sums[v + 16] += entries[codes[v * 4 + g] >> 4];
      }
    }
  }
  return FinishScan<F32>(table, block, sums, base, bound, estimates);
}

KernelSet Make() {
  KernelSet set = MakeSet<F32, F16, BF16, I8, U8, Bits>("x86-64");
  set.to_f16 = &ToF16;
  set.sign_estimates = &SignEstimates;
  SetGraphKernels<F32, BF16>(set);
  set.scan_block = &ScanBlockKernel;
  return set;
}

}  // namespace

const KernelSet& BaselineKernels() {
  static const KernelSet set = Make();
  return set;
}

}  // namespace iolite::vector::kernels
