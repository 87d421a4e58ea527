#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "iolite/base/status.h"
#include "iolite/vector/index.h"

namespace iolite::vector::flat {

/// Rows whose codes one look-up serves.
inline constexpr uint32_t kBlockRows = 32;
/// Bytes under one checksum.
inline constexpr size_t kExtentBytes = 2 << 20;

/// What a flat index file holds.
struct Shape {
  Metric metric = Metric::kCosine;
  ElementType element_type = ElementType::kF32;
  uint32_t dimension = 0;
  uint32_t row_count = 0;
  uint32_t code_bits = 1;  ///< 0 where the metric has no codes, else 1, 4 or 8
  bool vectors = true;     ///< whether the elements are kept
  uint64_t seed = 0;       ///< of the rotation
};

/// Where things lie in a flat index file. All follows from the shape.
///
///     header     one page: magic, version, shape, its CRC32C
///     mean       of the rows, rotated: P floats
///     blocks     32 rows each: 4 P bytes of sign codes side by side, add[32], rescale[32]
///     signs      the same codes row by row, in words of 64 bits, add and rescale behind each
///     fine       add, rescale and P codes of 4 or 8 bits, row by row
///     vectors    elements, row by row
///     checksums  CRC32C of each 2 MiB from the end of the header to here; and of this table
///
/// P is the dimension in whole registers. Sections begin at whole pages, and what a shape lacks
/// takes no room. Numbers are little-endian.
class Layout {
 public:
  explicit Layout(const Shape& shape);

  const Shape& shape() const { return shape_; }
  uint32_t padded() const { return padded_; }
  uint32_t block_count() const { return (shape_.row_count + kBlockRows - 1) / kBlockRows; }
  size_t block_bytes() const { return 4 * size_t{padded_} + 8 * kBlockRows; }
  /// Bits of a row of signs: whole words.
  size_t sign_bits() const { return (size_t{padded_} + 63) / 64 * 64; }
  size_t sign_row_bytes() const { return sign_bits() / 8 + 8; }
  /// Bytes of a row of fine codes; 0 when there are none.
  size_t fine_row_bytes() const;
  /// Bytes of a row of elements.
  size_t vector_bytes() const;

  size_t mean_at() const { return mean_; }
  size_t blocks_at() const { return blocks_; }
  size_t signs_at() const { return signs_; }
  size_t fine_at() const { return fine_; }
  size_t vectors_at() const { return vectors_; }
  size_t checksums_at() const { return checksums_; }
  size_t extent_count() const;
  size_t file_bytes() const { return checksums_ + 4 * extent_count() + 4; }

 private:
  Shape shape_;
  uint32_t padded_;
  size_t mean_, blocks_, signs_, fine_, vectors_, checksums_;
};

/// The first page of a file.
inline constexpr size_t kHeaderBytes = 4096;
std::string WriteHeader(const Shape& shape);
/// kDataLoss unless the header is whole and `bytes` are as long as it says; kUnimplemented for a
/// newer version.
Result<Shape> ReadHeader(std::string_view bytes);

}  // namespace iolite::vector::flat
