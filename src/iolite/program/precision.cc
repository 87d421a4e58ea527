#include <cpuid.h>

#include "iolite/program/runtime.h"

namespace iolite::program {
namespace {

/// Whether the operating system lets processes use AMX's tile registers (XCR0 bits 17 and 18).
bool TilesEnabled() {
  uint32_t low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  constexpr uint32_t kTileState = (1u << 17) | (1u << 18);
  return (low & kTileState) == kTileState;
}

bool HasAmxBf16() {
  uint32_t a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d) || (c & (1u << 27)) == 0) return false;  // OSXSAVE
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  constexpr uint32_t kAmxBf16 = 1u << 22, kAmxTile = 1u << 24;
  return (d & kAmxBf16) != 0 && (d & kAmxTile) != 0 && TilesEnabled();
}

}  // namespace

std::string_view PrecisionName(Precision precision) {
  switch (precision) {
    case Precision::kF32: return "f32";
    case Precision::kBF16: return "bf16";
    case Precision::kAuto: return "auto";
  }
  return "unknown";
}

Result<Precision> ParsePrecision(std::string_view name) {
  for (const Precision precision : {Precision::kF32, Precision::kBF16, Precision::kAuto}) {
    if (name == PrecisionName(precision)) return precision;
  }
  return InvalidArgument("Unknown precision `{}`: use f32, bf16 or auto", name);
}

Precision ResolvePrecision(Precision precision) {
  if (precision != Precision::kAuto) return precision;
  static const bool has_amx = HasAmxBf16();
  return has_amx ? Precision::kBF16 : Precision::kF32;
}

}  // namespace iolite::program
