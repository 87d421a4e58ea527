#pragma once

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include <array>
#include <cstring>
#include <utility>

#include "iolite/text/kernels/kernels.h"

/// The one body of all sets: each file that includes it is compiled for its processors.

namespace iolite::text::kernels {
namespace {

// Four numbers side by side, in whatever register the compiler has.
typedef uint32_t Four __attribute__((vector_size(16)));

inline Four Load(const uint8_t* packed, size_t word) {
  Four four;
  std::memcpy(&four, packed + 16 * word, 16);
  return four;
}

template <uint32_t kWidth, size_t kStep>
inline Four Extract(const uint8_t* packed) {
  constexpr size_t kBit = kStep * kWidth, kWord = kBit / 32, kShift = kBit % 32;
  if constexpr (kWidth == 0) {
    return Four{};
  } else {
    Four four = Load(packed, kWord) >> kShift;
    if constexpr (kShift + kWidth > 32) four |= Load(packed, kWord + 1) << (32 - kShift);
    if constexpr (kWidth < 32) four &= (1u << kWidth) - 1;
    return four;
  }
}

template <uint32_t kWidth, size_t... kSteps>
inline void UnpackSteps(const uint8_t* packed, uint32_t* values, std::index_sequence<kSteps...>) {
  const auto store = [&](size_t step, Four four) { std::memcpy(values + 4 * step, &four, 16); };
  (store(kSteps, Extract<kWidth, kSteps>(packed)), ...);
}

template <uint32_t kWidth>
void UnpackWidth(const uint8_t* packed, uint32_t* values) {
  UnpackSteps<kWidth>(packed, values, std::make_index_sequence<32>());
}

// Sums of four steps and of all before them.
inline Four SumUp(Four four, Four before) {
  constexpr Four kNone = {};
  four += 1;
  four += __builtin_shufflevector(kNone, four, 0, 4, 5, 6);
  four += __builtin_shufflevector(kNone, four, 0, 1, 4, 5);
  return four + before;
}

template <uint32_t kWidth, size_t... kSteps>
inline void UnpackRowSteps(const uint8_t* packed, uint32_t before, uint32_t* values,
                           std::index_sequence<kSteps...>) {
  Four last = {before, before, before, before};
  const auto store = [&](size_t step, Four four) {
    four = SumUp(four, last);
    std::memcpy(values + 4 * step, &four, 16);
    last = __builtin_shufflevector(four, four, 3, 3, 3, 3);
  };
  (store(kSteps, Extract<kWidth, kSteps>(packed)), ...);
}

template <uint32_t kWidth>
void UnpackRowsWidth(const uint8_t* packed, uint32_t before, uint32_t* values) {
  UnpackRowSteps<kWidth>(packed, before, values, std::make_index_sequence<32>());
}

template <size_t... kWidths>
constexpr auto MakeUnpack(std::index_sequence<kWidths...>) {
  return std::array{&UnpackWidth<kWidths>...};
}
template <size_t... kWidths>
constexpr auto MakeUnpackRows(std::index_sequence<kWidths...>) {
  return std::array{&UnpackRowsWidth<kWidths>...};
}

void Unpack(const uint8_t* packed, uint32_t width, uint32_t* values) {
  static constexpr auto kByWidth = MakeUnpack(std::make_index_sequence<33>());
  kByWidth[width](packed, values);
}

void UnpackRows(const uint8_t* packed, uint32_t width, uint32_t before, uint32_t* values) {
  static constexpr auto kByWidth = MakeUnpackRows(std::make_index_sequence<33>());
  kByWidth[width](packed, before, values);
}

void Score(const uint32_t* tf_bases, const float* norms, size_t count, float weight,
           int32_t* scores) {
  for (size_t i = 0; i < count; ++i) {
    const float tf = static_cast<float>(static_cast<int32_t>(tf_bases[i] + 1));
    scores[i] = 1 + static_cast<int32_t>(weight * (tf / (tf + norms[i])));
  }
}

#if defined(__AVX512F__)
inline uint64_t Above16(const int32_t* sums, int32_t wanted) {
  return _mm512_cmpgt_epi32_mask(_mm512_loadu_si512(sums), _mm512_set1_epi32(wanted));
}
#elif defined(__SSE2__)
inline uint64_t Above16(const int32_t* sums, int32_t wanted) {
  uint64_t bits = 0;
  for (int i = 0; i < 4; ++i) {
    const __m128i four = _mm_loadu_si128(reinterpret_cast<const __m128i*>(sums + 4 * i));
    const __m128i above = _mm_cmpgt_epi32(four, _mm_set1_epi32(wanted));
    bits |= static_cast<uint64_t>(_mm_movemask_ps(_mm_castsi128_ps(above))) << (4 * i);
  }
  return bits;
}
#else
inline uint64_t Above16(const int32_t* sums, int32_t wanted) {
  uint64_t bits = 0;
  for (int i = 0; i < 16; ++i) bits |= static_cast<uint64_t>(sums[i] > wanted) << i;
  return bits;
}
#endif

void FindAbove(const int32_t* sums, size_t count, int32_t wanted, uint64_t* bits) {
  for (size_t i = 0; i < count; i += 64) {
    bits[i / 64] = Above16(sums + i, wanted) | Above16(sums + i + 16, wanted) << 16 |
                   Above16(sums + i + 32, wanted) << 32 | Above16(sums + i + 48, wanted) << 48;
  }
}

}  // namespace
}  // namespace iolite::text::kernels
