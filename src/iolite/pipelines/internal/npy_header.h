#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "iolite/base/status.h"

namespace iolite::pipelines {

/// Numbers as vector files hold them, little-endian.
enum class NumberType { kF32, kF64, kF16, kU8, kI8 };
size_t NumberBytes(NumberType type);
/// Appends nothing: writes `count` numbers at `from` as floats to `to`.
void ToFloats(NumberType type, const char* from, size_t count, float* to);

/// What an NPY file (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html) says
/// of itself.
struct NpyHeader {
  NumberType type = NumberType::kF32;
  int64_t row_count = 0;
  int64_t dimension = 0;
  size_t data_offset = 0;
};

/// Reads versions 1.0 to 3.0. kInvalidArgument for anything but a two-dimensional array in C order
/// of f2, f4, f8, u1 or i1, little-endian.
Result<NpyHeader> ParseNpyHeader(std::string_view bytes);

}  // namespace iolite::pipelines
