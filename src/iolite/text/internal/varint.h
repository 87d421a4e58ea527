#pragma once

#include <cstdint>
#include <string>

/// Numbers in bytes of seven bits, the lowest first; the highest bit says that another follows.

namespace iolite::text::internal {

inline constexpr size_t kVarintBytesMax = 10;

inline uint8_t* PutVarint(uint64_t value, uint8_t* out) {
  for (; value >= 0x80; value >>= 7) *out++ = static_cast<uint8_t>(value | 0x80);
  *out++ = static_cast<uint8_t>(value);
  return out;
}

inline void AppendVarint(uint64_t value, std::string& out) {
  uint8_t bytes[kVarintBytesMax];
  out.append(reinterpret_cast<const char*>(bytes),
             static_cast<size_t>(PutVarint(value, bytes) - bytes));
}

/// Reads at `at` and moves it. Returns false, and leaves nothing to rely on, past `end`.
template <typename Number>
inline bool GetVarint(const uint8_t*& at, const uint8_t* end, Number& value) {
  uint64_t sum = 0;
  for (uint32_t shift = 0; at < end && shift < 64; shift += 7) {
    const uint8_t byte = *at++;
    sum |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) {
      value = static_cast<Number>(sum);
      return true;
    }
  }
  return false;
}

/// Moves `at` past `count` numbers, false when they end after `end`.
inline bool SkipVarints(const uint8_t*& at, const uint8_t* end, uint64_t count) {
  while (count > 0 && at < end) count -= *at++ < 0x80 ? 1 : 0;
  return count == 0;
}

}  // namespace iolite::text::internal
