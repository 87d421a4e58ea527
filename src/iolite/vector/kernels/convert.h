#pragma once

#include <cstddef>

#include "iolite/vector/index.h"

namespace iolite::vector::kernels {

/// Bytes of one element.
size_t ElementBytes(ElementType type);

/// Writes `count` values as elements of `type`: rounded to the nearest for f16 and bf16; for i8 the
/// vector's direction, its length scaled to 127 as USearch does.
void ToElements(ElementType type, const float* values, size_t count, void* elements);

/// The way back. i8 gives values of a vector of about unit length.
void FromElements(ElementType type, const void* elements, size_t count, float* values);

}  // namespace iolite::vector::kernels
