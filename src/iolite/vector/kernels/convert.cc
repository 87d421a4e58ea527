#include "iolite/vector/kernels/convert.h"

#include <cmath>
#include <cstring>

#include "iolite/vector/kernels/half.h"
#include "iolite/vector/kernels/kernels.h"

namespace iolite::vector::kernels {
namespace {

// USearch computes the length in f64 and cuts towards zero; the same here, so that its own queries
// meet the same numbers.
void ToI8(const float* values, size_t count, int8_t* elements) {
  double norm = 0;
  for (size_t i = 0; i < count; ++i) norm += static_cast<double>(values[i]) * values[i];
  const double scale = norm > 0 ? 127.0 / std::sqrt(norm) : 0;
  for (size_t i = 0; i < count; ++i) elements[i] = static_cast<int8_t>(values[i] * scale);
}

void ToU8(const float* values, size_t count, uint8_t* elements) {
  for (size_t i = 0; i < count; ++i) {
    elements[i] = static_cast<uint8_t>(values[i] > 0 ? (values[i] < 255 ? values[i] : 255) : 0);
  }
}

void ToBits(const float* values, size_t count, uint8_t* elements) {
  std::memset(elements, 0, RowBytes(ElementType::kBits, count));
  for (size_t i = 0; i < count; ++i) {
    if (values[i] != 0) elements[i / 8] |= static_cast<uint8_t>(1u << (i % 8));
  }
}

}  // namespace

size_t ElementBytes(ElementType type) {
  switch (type) {
    case ElementType::kF32: return 4;
    case ElementType::kF16:
    case ElementType::kBF16: return 2;
    case ElementType::kI8:
    case ElementType::kU8: return 1;
    case ElementType::kBits: return 0;
  }
  return 0;
}

size_t RowBytes(ElementType type, size_t dimension) {
  if (type == ElementType::kBits) return (dimension + 63) / 64 * 8;
  return dimension * ElementBytes(type);
}

void ToElements(ElementType type, const float* values, size_t count, void* elements) {
  auto halves = static_cast<uint16_t*>(elements);
  switch (type) {
    case ElementType::kF32: std::memcpy(elements, values, count * sizeof(float)); return;
    case ElementType::kF16: Kernels().to_f16(values, count, halves); return;
    case ElementType::kBF16:
      for (size_t i = 0; i < count; ++i) halves[i] = F32ToBF16(values[i]);
      return;
    case ElementType::kI8: ToI8(values, count, static_cast<int8_t*>(elements)); return;
    case ElementType::kU8: ToU8(values, count, static_cast<uint8_t*>(elements)); return;
    case ElementType::kBits: ToBits(values, count, static_cast<uint8_t*>(elements)); return;
  }
}

void FromElements(ElementType type, const void* elements, size_t count, float* values) {
  auto halves = static_cast<const uint16_t*>(elements);
  switch (type) {
    case ElementType::kF32: std::memcpy(values, elements, count * sizeof(float)); return;
    case ElementType::kF16:
      for (size_t i = 0; i < count; ++i) values[i] = F16ToF32(halves[i]);
      return;
    case ElementType::kBF16:
      for (size_t i = 0; i < count; ++i) values[i] = BF16ToF32(halves[i]);
      return;
    case ElementType::kI8:
      for (size_t i = 0; i < count; ++i) {
        values[i] = static_cast<float>(static_cast<const int8_t*>(elements)[i]) / 127.0f;
      }
      return;
    case ElementType::kU8:
      for (size_t i = 0; i < count; ++i) values[i] = static_cast<const uint8_t*>(elements)[i];
      return;
    case ElementType::kBits:
      for (size_t i = 0; i < count; ++i) {
        values[i] = static_cast<const uint8_t*>(elements)[i / 8] >> (i % 8) & 1;
      }
      return;
  }
}

}  // namespace iolite::vector::kernels
