#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "iolite/text/internal/dictionary.h"
#include "iolite/text/internal/extents.h"
#include "iolite/text/internal/layout.h"
#include "iolite/text/kernels/kernels.h"

namespace iolite::text::internal {

/// The list of one term, mapped: blocks of 128 rows, the last one shorter.
///
/// Threads: any number.
class PostingList {
 public:
  static constexpr uint32_t kBeforeAll = UINT32_MAX;

  PostingList() = default;
  uint64_t df() const { return df_; }
  size_t block_count() const { return (df_ + kernels::kBlock - 1) / kernels::kBlock; }
  size_t rows_in(size_t block) const {
    return block + 1 < block_count() ? kernels::kBlock : df_ - block * kernels::kBlock;
  }
  /// Lists of at least 128 rows have entries and a frontier.
  bool has_entries() const { return df_ >= kernels::kBlock; }
  uint32_t last_row(size_t block) const {
    uint32_t row;
    std::memcpy(&row, EntryAt(block), sizeof(row));
    return row;
  }
  BlockEntry entry(size_t block) const {
    BlockEntry entry;
    std::memcpy(&entry, EntryAt(block), sizeof(entry));
    return entry;
  }
  Frontier block_frontier(size_t block) const {
    Frontier frontier;
    std::memcpy(&frontier, EntryAt(block) + offsetof(BlockEntry, frontier), sizeof(frontier));
    return frontier;
  }
  Frontier frontier() const {
    Frontier frontier;
    std::memcpy(&frontier, bytes_ + size_ - sizeof(frontier), sizeof(frontier));
    return frontier;
  }

  /// Unpacks rows, and where `tf_bases` is not null, occurrences less one. Both have room for 128.
  /// False when the list is damaged.
  bool Unpack(size_t block, uint32_t* rows, uint32_t* tf_bases) const;
  /// Of a block of 128 rows, when rows are at hand already.
  bool UnpackTfs(size_t block, uint32_t* tf_bases) const;
  /// Positions of the list from a block on.
  std::string_view positions_from(size_t block) const;

 private:
  friend class PartReader;
  const uint8_t* EntryAt(size_t block) const {
    return bytes_ + entries_at_ + block * sizeof(BlockEntry);
  }
  bool UnpackTail(size_t block, uint32_t* rows, uint32_t* tf_bases) const;

  const uint8_t* bytes_ = nullptr;
  size_t size_ = 0, entries_at_ = 0;
  uint64_t df_ = 0;
  uint32_t row_count_ = 0;
  std::string_view positions_;
};

/// One part of a mapped file.
///
/// Threads: any number.
class PartReader {
 public:
  PartReader(std::string_view bytes, const Extents* extents, const Directory& directory,
             size_t part);

  const Part& part() const { return part_; }
  const Dictionary& dictionary() const { return dictionary_; }
  /// kDataLoss when the list is damaged. Positions are checked where they are wanted.
  Result<PostingList> Open(const TermEntry& entry, bool with_positions) const;

  /// How long texts are. Both are checked by NeedLengths.
  Status NeedLengths() const;
  uint32_t length_count() const;
  uint32_t length(uint32_t code) const;
  uint32_t code(uint32_t row) const;
  size_t code_width() const { return length_count() <= 256 ? 1 : length_count() <= 65536 ? 2 : 4; }
  const uint8_t* codes() const { return Bytes(Part::kLengthCodes); }
  uint32_t bound_count() const { return CountOf(Part::kBounds); }
  uint32_t bound(uint32_t code) const { return NumberAt(Part::kBounds, code); }

 private:
  const uint8_t* Bytes(Part::SectionName name) const {
    return reinterpret_cast<const uint8_t*>(bytes_.data()) + part_.sections[name].offset;
  }
  uint32_t CountOf(Part::SectionName name) const {
    return static_cast<uint32_t>(part_.sections[name].size / 4);
  }
  uint32_t NumberAt(Part::SectionName name, uint32_t place) const {
    uint32_t number;
    std::memcpy(&number, Bytes(name) + 4 * size_t{place}, 4);
    return number;
  }

  std::string_view bytes_;
  const Extents* extents_;
  uint32_t row_count_;
  Part part_;
  Dictionary dictionary_;
};

inline uint32_t PartReader::length_count() const { return CountOf(Part::kLengths); }
inline uint32_t PartReader::length(uint32_t code) const { return NumberAt(Part::kLengths, code); }

}  // namespace iolite::text::internal
