#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "iolite/vector/index.h"

namespace iolite::vector::internal {

/// What files of USearch call the metrics and elements that we share with it: its metric_kind_t and
/// scalar_kind_t.
inline constexpr std::pair<Metric, uint8_t> kUsearchMetrics[] = {
    {Metric::kCosine, 'c'}, {Metric::kInnerProduct, 'i'}, {Metric::kL2, 'e'}};
inline constexpr std::pair<ElementType, uint8_t> kUsearchElements[] = {{ElementType::kF32, 11},
                                                                       {ElementType::kF16, 12},
                                                                       {ElementType::kBF16, 4},
                                                                       {ElementType::kI8, 23}};
inline constexpr uint8_t kUsearchKeyU64 = 14, kUsearchSlotU32 = 15;

/// The code of a value, or nothing where USearch has none.
template <class T, size_t kCount>
std::optional<uint8_t> CodeOf(const std::pair<T, uint8_t> (&table)[kCount], T value) {
  for (const auto& [known, code] : table) {
    if (known == value) return code;
  }
  return std::nullopt;
}

/// The value of a code, or nothing where we have none.
template <class T, size_t kCount>
std::optional<T> ValueOf(const std::pair<T, uint8_t> (&table)[kCount], uint8_t code) {
  for (const auto& [value, known] : table) {
    if (known == code) return value;
  }
  return std::nullopt;
}

}  // namespace iolite::vector::internal
