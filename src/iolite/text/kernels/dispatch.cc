#include <bit>
#include <cstring>
#include <vector>

#include "iolite/text/kernels/kernels.h"
#include "iolite/text/kernels/sets.h"

namespace iolite::text::kernels {
namespace {

std::vector<const KernelSet*> FindUsable() {
  __builtin_cpu_init();
  std::vector<const KernelSet*> sets = {&BaselineKernels()};
  if (__builtin_cpu_supports("avx2")) sets.push_back(&Avx2Kernels());
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("avx512f") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq")) {
    sets.push_back(&Avx512Kernels());
  }
  return sets;
}

}  // namespace

std::span<const KernelSet* const> UsableKernelSets() {
  static const std::vector<const KernelSet*> sets = FindUsable();
  return sets;
}

const KernelSet& Kernels() {
  static const KernelSet& best = *UsableKernelSets().back();
  return best;
}

uint32_t WidthOf(std::span<const uint32_t> values) {
  uint32_t any = 0;
  for (const uint32_t value : values) any |= value;
  return static_cast<uint32_t>(std::bit_width(any));
}

void Pack(const uint32_t* values, uint32_t width, uint8_t* out) {
  if (width == 0) return;
  uint32_t words[4 * 32] = {};
  for (size_t i = 0; i < kBlock; ++i) {
    const size_t bit = i / 4 * width, word = bit / 32, shift = bit % 32;
    words[4 * word + i % 4] |= values[i] << shift;
    if (shift + width > 32) words[4 * (word + 1) + i % 4] |= values[i] >> (32 - shift);
  }
  std::memcpy(out, words, PackedBytes(width));
}

}  // namespace iolite::text::kernels
