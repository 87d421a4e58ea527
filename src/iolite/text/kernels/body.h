#pragma once

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

}  // namespace
}  // namespace iolite::text::kernels
