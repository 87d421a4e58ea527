#pragma once

#include <cstdint>
#include <cstring>

// Conversions between f32 and the 16-bit and 8-bit element types, without special instructions.
// Internal linkage on purpose: see kernels/body.h.

namespace iolite::vector::kernels {
namespace {

[[maybe_unused]] inline float FromBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}
[[maybe_unused]] inline uint32_t ToBits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}

[[maybe_unused]] inline float F16ToF32(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  const uint32_t rest = half & 0x7fffu;
  if (rest >= 0x7c00u) return FromBits(sign | 0x7f800000u | (rest & 0x3ffu) << 13);
  // Multiplying by 2^112 moves the exponent into place and makes normal numbers of subnormal ones.
  return FromBits(sign | ToBits(FromBits(rest << 13) * FromBits(0x77800000u)));
}

/// Rounds to the nearest, ties to even; beyond the range becomes infinity.
[[maybe_unused]] inline uint16_t F32ToF16(float value) {
  const uint32_t bits = ToBits(value);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t rest = bits & 0x7fffffffu;
  if (rest > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7e00u);
  if (rest >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);
  if (rest < 0x38800000u) {
    // Below the normal range: adding 0.5 lets the f32 unit round at the place of f16's last bit.
    const float rounded = FromBits(rest) + 0.5f;
    return static_cast<uint16_t>(sign | (ToBits(rounded) - ToBits(0.5f)));
  }
  const uint32_t odd = (rest >> 13) & 1u;
  return static_cast<uint16_t>(sign | ((rest - 0x38000000u + 0xfffu + odd) >> 13));
}

[[maybe_unused]] inline float BF16ToF32(uint16_t half) {
  return FromBits(static_cast<uint32_t>(half) << 16);
}

/// Rounds to the nearest, ties to even. `value` is finite.
[[maybe_unused]] inline uint16_t F32ToBF16(float value) {
  const uint32_t bits = ToBits(value);
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

}  // namespace
}  // namespace iolite::vector::kernels
