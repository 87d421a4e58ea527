#pragma once

#include <cstddef>
#include <cstdint>

#include "iolite/base/status.h"

namespace iolite::vector::qg {

/// No vertex: an empty lane of a row.
inline constexpr uint32_t kNoSlot = UINT32_MAX;
/// No row: the slot is free, or its row was deleted.
inline constexpr uint32_t kNoRow = UINT32_MAX;
/// Lanes that one look-up serves.
inline constexpr uint32_t kBlockLanes = 32;

/// Where things lie. Everything known about a vertex stands in a row and in the columns of its
/// extent; extents have one size and follow each other, so that a slot's place follows from its
/// number.
///
///     row     [ high 16 bits of the rotated vector            2 P bytes              ]
///             [ lanes / 32 blocks:  codes of 32 neighbours    4 P bytes              ]
///             [                     add[32], rescale[32]      256 bytes              ]
///             [ neighbours' slots                             4 bytes a lane         ]
///
///     extent  [ rows ][ low 16 bits of vectors ][ sign codes and their factors ]
///             [ lengths of edges ][ which edges are fillers ][ row ids ][ CRC-32C of all before ]
///
/// P is the dimension after padding. Rows are read at every step of a walk; the low bits make f32
/// of the few vectors that are compared exactly; sign codes serve filters; lengths and fillers
/// serve changes.
class Layout {
 public:
  struct Shape {
    uint32_t padded = 0;  ///< a multiple of 32
    uint32_t lanes = kBlockLanes;
    bool exact = true;  ///< whether low bits are kept
  };
  /// `row_count_expected` keeps the extents of small indexes small.
  static Layout For(const Shape& shape, int64_t row_count_expected);
  /// The same from a file's header; false when no index has this shape.
  static bool FromFile(const Shape& shape, uint32_t extent_shift, Layout& layout);

  uint32_t padded() const { return shape_.padded; }
  uint32_t lanes() const { return shape_.lanes; }
  bool exact() const { return shape_.exact; }
  uint32_t block_count() const { return shape_.lanes / kBlockLanes; }

  // Offsets into a row.
  size_t row_bytes() const { return row_bytes_; }
  size_t codes_at(uint32_t block) const { return 2 * size_t{padded()} + block * block_bytes_; }
  size_t add_at(uint32_t block) const { return codes_at(block) + 4 * size_t{padded()}; }
  size_t rescale_at(uint32_t block) const { return add_at(block) + 4 * kBlockLanes; }
  size_t links_at() const { return codes_at(block_count()); }

  // Extents.
  uint32_t extent_shift() const { return extent_shift_; }
  uint32_t extent_rows() const { return 1u << extent_shift_; }
  uint32_t extent_of(uint32_t slot) const { return slot >> extent_shift_; }
  uint32_t place_of(uint32_t slot) const { return slot & (extent_rows() - 1); }
  size_t extent_bytes() const { return extent_bytes_; }
  uint32_t extent_count(uint32_t slot_count) const {
    return slot_count == 0 ? 0 : extent_of(slot_count - 1) + 1;
  }

  /// The columns of an extent: where one begins, and how much of it is a slot's.
  struct Column {
    size_t offset = 0;
    size_t bytes = 0;
  };
  const Column& low() const { return low_; }
  const Column& signs() const { return signs_; }
  const Column& lengths() const { return lengths_; }
  const Column& fillers() const { return fillers_; }
  const Column& ids() const { return ids_; }

  /// Where the checksum of an extent stands; what lies before it is summed.
  size_t checksum_at() const { return extent_bytes_ - 4; }

  /// Bits of a sign code: `padded`, to whole words of 64.
  uint32_t sign_bits() const { return (padded() + 63) / 64 * 64; }
  /// What one vertex takes, all columns together.
  size_t bytes_per_slot() const;

 private:
  void Place();

  Shape shape_;
  uint32_t extent_shift_ = 0;
  size_t block_bytes_ = 0;
  size_t row_bytes_ = 0;
  size_t extent_bytes_ = 0;
  Column low_, signs_, lengths_, fillers_, ids_;
};

}  // namespace iolite::vector::qg
