#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"

/// Where things lie in an index file. docs/formats/text-index.md says it in words.

namespace iolite::text::internal {

inline constexpr std::string_view kMagic = "IOLTEXT1";
inline constexpr std::string_view kEndMagic = "IOLTEXTE";
inline constexpr uint32_t kVersionNewest = 1;
inline constexpr size_t kHeaderBytes = 16;
inline constexpr size_t kFooterBytes = 32;
inline constexpr size_t kExtentBytes = size_t{256} << 10;
inline constexpr size_t kSectionAlignment = 64;
inline constexpr uint32_t kTermsPerBlock = 16;
inline constexpr size_t kBoundLengthsMax = 256;

struct Section {
  uint64_t offset = 0, size = 0;
};

/// What a part of the file holds: the lists of one field, or those of all fields together.
struct Part {
  enum SectionName { kPostings, kPositions, kTerms, kTermIndex, kLengths, kLengthCodes, kBounds };
  static constexpr size_t kSectionCount = 7;

  uint32_t rows_with_text = 0;
  uint64_t length_total = 0;  ///< in units
  uint64_t term_count = 0;
  std::array<Section, kSectionCount> sections;
};

/// The directory at the end of the file.
struct Directory {
  std::string analyzer;
  bool has_positions = true;
  uint32_t row_count = 0;
  /// One occurrence in a field of boost 1 counts as so many, where fields are taken together.
  uint32_t unit = 1;
  struct Field {
    std::string name;
    uint32_t weight = 1;  ///< units of an occurrence
  };
  std::vector<Field> fields;
  /// One for each field; behind them, where there are several, that of all together.
  std::vector<Part> parts;

  size_t part_count() const { return fields.size() > 1 ? fields.size() + 1 : fields.size(); }
};

/// The directory as it stands in the file; its inverse checks every place against `end`, where the
/// directory begins. kDataLoss.
std::string WriteDirectory(const Directory& directory);
Result<Directory> ReadDirectory(std::string_view bytes, uint64_t end);

std::string WriteHeader();
/// kDataLoss, or kUnimplemented when a newer release wrote the file.
Status CheckHeader(std::string_view bytes);

struct Footer {
  uint64_t directory_offset = 0;
  uint32_t directory_size = 0;
  uint32_t extent_count = 0;
  uint32_t checksum = 0;  ///< CRC-32C of directory and checksums of extents
};
std::string WriteFooter(const Footer& footer);
Result<Footer> ReadFooter(std::string_view bytes);

/// Sixteen terms of a dictionary, as its index names them.
struct TermBlock {
  uint64_t key = 0;  ///< the first bytes of the first term, the first byte highest
  uint64_t offset = 0, postings_offset = 0, positions_offset = 0;
};
/// The first eight bytes as a number that orders as the bytes do.
uint64_t TermKey(std::string_view term);

/// What is known of 128 rows of a list without unpacking them. Stands behind the blocks of a list
/// of at least 128 rows; then comes the `Frontier` of the whole list.
struct Frontier {
  static constexpr size_t kPoints = 4;
  /// No row has more occurrences in a shorter text than one of these; both as codes, tf 0 for none.
  struct Point {
    uint8_t tf = 0, length = 0;
  };
  std::array<Point, kPoints> points;
};
struct BlockEntry {
  uint32_t last_row = 0;
  uint32_t offset_16 = 0;  ///< of the block in the list, in steps of 16 bytes
  uint32_t positions_low = 0;
  uint16_t positions_high = 0;
  uint8_t row_width = 0, tf_width = 0;
  Frontier frontier;

  uint64_t positions_offset() const {
    return static_cast<uint64_t>(positions_high) << 32 | positions_low;
  }
};
static_assert(sizeof(BlockEntry) == 24 && sizeof(TermBlock) == 32);

/// Numbers as a byte, rounded up: exact below 16, then by eighths of a power of two.
uint8_t TfCode(uint32_t tf);
uint32_t TfOfCode(uint8_t code);

}  // namespace iolite::text::internal
