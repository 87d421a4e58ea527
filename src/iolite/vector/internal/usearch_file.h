#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/vector/index.h"

namespace iolite::vector::internal {

/// Bytes of a USearch file before its rows, of its head, of a graph's header and of what stands in
/// a vertex before its links: see UsearchFile.
inline constexpr size_t kUsearchPrefixBytes = 8, kUsearchHeadBytes = 64;
inline constexpr size_t kUsearchGraphHeaderBytes = 40, kUsearchVertexHeadBytes = 10;

/// The neighbours of one vertex at one level, as they lie in the file (unaligned).
struct Links {
  const char* ids = nullptr;
  uint32_t count = 0;
  uint32_t at(uint32_t i) const {
    uint32_t id;
    std::memcpy(&id, ids + 4 * static_cast<size_t>(i), 4);
    return id;
  }
};

/// An `.idx.usearch` file of USearch 2.x (docs/formats), read where it lies. Little-endian:
///
///     u32 rows, u32 bytes a row
///     the vectors, row by row
///     64 bytes: "usearch", u16 version x 3, u8 metric, u8 element, u8 key, u8 slot, u64 present,
///               u64 deleted, u64 dimension, u8 multi, zeros
///     u64 rows, u64 connectivity, u64 connectivity of level 0, u64 top level, u64 entry
///     i16 level x rows
///     per row: u64 key, i16 level, then per level from 0: u32 count, u32 neighbour x connectivity
///
/// Parse checks everything that addresses depend on; what a walk follows (counts and neighbours) is
/// checked where it is read, by LinksOf. Borrows the bytes. Memory: 4 bytes a row.
class UsearchFile {
 public:
  /// kDataLoss says what does not fit; kUnimplemented for a file of another major version, with
  /// deleted entries or several vectors a key.
  static Result<UsearchFile> Parse(std::string_view bytes);

  Metric metric() const { return metric_; }
  ElementType element_type() const { return element_type_; }
  uint32_t row_count() const { return row_count_; }
  uint32_t dimension() const { return dimension_; }
  size_t row_bytes() const { return row_bytes_; }
  const void* vectors() const { return bytes_.data() + kUsearchPrefixBytes; }
  int top_level() const { return top_level_; }
  uint32_t entry() const { return entry_; }
  int64_t memory_bytes() const;

  /// Whether row `row` < row_count() takes part in `level`.
  bool Reaches(uint32_t row, int level) const {
    return static_cast<int>(upper_before_[row + 1] - upper_before_[row]) >= level;
  }
  /// False when the count that the file gives is impossible. `row` must reach `level`.
  bool LinksOf(uint32_t row, int level, Links& links) const;
  void PrefetchLinks(uint32_t row) const;

  /// Checks keys, levels and every neighbour. kDataLoss says which row.
  Status Verify(const RequestContext& context) const;

 private:
  static constexpr int kLevelMax = 64;

  Status ParseHead(std::string_view head);
  Status ParseGraphHeader(std::string_view header);
  Status ParseLevels(std::string_view rest);
  const char* Vertex(uint32_t row) const;
  Status VerifyRow(uint32_t row) const;

  std::string_view bytes_;
  Metric metric_ = Metric::kCosine;
  ElementType element_type_ = ElementType::kF32;
  uint32_t row_count_ = 0;
  uint32_t dimension_ = 0;
  size_t row_bytes_ = 0;
  uint32_t connectivity_ = 0;
  uint32_t connectivity_base_ = 0;
  int top_level_ = 0;
  uint32_t entry_ = 0;
  const char* vertices_ = nullptr;
  /// How many levels above 0 the rows before each row have: where a vertex begins follows from it.
  std::vector<uint32_t> upper_before_;
};

}  // namespace iolite::vector::internal
