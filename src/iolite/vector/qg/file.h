#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/vector/index.h"
#include "iolite/vector/qg/entries.h"
#include "iolite/vector/qg/layout.h"

namespace iolite::vector::qg {

/// The pool that a recall of ten neighbours took, as measured when the index was built.
struct Calibration {
  float recall;
  uint32_t ef;
};

/// What stands at the beginning of an index file, before the extents.
///
///     [ fixed part, 4,096 bytes: shape, counts, calibration, entries ]
///     [ mean of all vectors, 4 P bytes ][ codes of the entries ][ zeros ][ CRC-32C of all before ]
///
/// All numbers are little-endian. The bytes of a release that changes what a reader must understand
/// carry a higher version.
struct Header {
  static constexpr std::string_view kMagic = "IOLITEQG";
  static constexpr uint32_t kVersion = 1;

  Metric metric = Metric::kCosine;
  ElementType element_type = ElementType::kF32;
  uint32_t dimension = 0;
  Layout::Shape shape;
  uint32_t extent_shift = 0;
  uint32_t slot_count = 0;  ///< slots ever used
  uint32_t row_count = 0;   ///< rows there are
  uint32_t id_bound = 0;    ///< above every row id
  bool ids_are_slots = true;
  uint64_t seed = 0;  ///< of the rotation
  float length_max = 0;
  float alpha = 0;
  uint32_t expansion = 0;
  std::vector<Calibration> calibration;  ///< rising
  Entries entries;
  std::vector<float> mean;

  /// Bytes of the whole header for this dimension after padding: whole pages.
  static size_t BytesFor(uint32_t padded);
  std::string Encode() const;
  /// kDataLoss when the bytes are no header; kUnimplemented for a newer version. What comes back
  /// may be addressed by: extents of `layout` fit into `file_bytes`.
  static Result<Header> Decode(std::string_view file, Layout& layout);
};

/// Writes the checksum of an extent into it.
void SumExtent(const Layout& layout, char* extent);
/// kDataLoss, naming the rows, when an extent does not have the checksum that stands in it.
Status CheckExtent(const Layout& layout, uint32_t extent, const char* bytes);

}  // namespace iolite::vector::qg
