#pragma once

#include <cstddef>

#include "iolite/vector/index.h"

namespace iolite::vector::kernels {

/// Bytes of one element; bits have none of their own.
size_t ElementBytes(ElementType type);
/// Bytes of a row: whole words of 64 for bits.
size_t RowBytes(ElementType type, size_t dimension);

/// Writes `count` values as elements of `type`: rounded to the nearest for f16 and bf16; for i8 the
/// vector's direction, its length scaled to 127 as USearch does. u8 and bits take whole numbers of
/// their range; whatever else is cut to it.
void ToElements(ElementType type, const float* values, size_t count, void* elements);

/// The way back. i8 gives values of a vector of about unit length.
void FromElements(ElementType type, const void* elements, size_t count, float* values);

}  // namespace iolite::vector::kernels
