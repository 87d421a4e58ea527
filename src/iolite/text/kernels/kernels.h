#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

/// Packed blocks of 128 numbers, and the scores of a block, by instruction set. Every set gives the
/// same bits.

namespace iolite::text::kernels {

/// Rows of a block.
inline constexpr size_t kBlock = 128;
/// Bytes of a block packed with `width` bits a number.
inline constexpr size_t PackedBytes(uint32_t width) { return 16 * static_cast<size_t>(width); }
/// Bits that the largest of `values` needs, 0 to 32.
uint32_t WidthOf(std::span<const uint32_t> values);
/// Packs 128 numbers below 2^width: number i lies in lane i % 4, so that four are unpacked at once.
void Pack(const uint32_t* values, uint32_t width, uint8_t* out);

struct KernelSet {
  std::string_view name;
  /// The inverse of Pack.
  void (*unpack)(const uint8_t* packed, uint32_t width, uint32_t* values);
  /// Unpacks steps to row numbers: values[i] = values[i - 1] + 1 + step i, values[-1] being
  /// `before`.
  void (*unpack_rows)(const uint8_t* packed, uint32_t width, uint32_t before, uint32_t* values);
  /// scores[i] = 1 + the whole part of weight * tf / (tf + norms[i]), tf = tf_bases[i] + 1.
  void (*score)(const uint32_t* tf_bases, const float* norms, size_t count, float weight,
                int32_t* scores);
  /// Sets bit i % 64 of bits[i / 64] where sums[i] > wanted. 64 divides `count`.
  void (*find_above)(const int32_t* sums, size_t count, int32_t wanted, uint64_t* bits);
};

/// The best set that this processor runs, and all that it runs, the plainest first.
const KernelSet& Kernels();
std::span<const KernelSet* const> UsableKernelSets();

}  // namespace iolite::text::kernels
