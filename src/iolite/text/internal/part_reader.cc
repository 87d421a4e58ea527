#include "iolite/text/internal/part_reader.h"

#include <algorithm>

#include "iolite/text/internal/varint.h"

namespace iolite::text::internal {

using kernels::kBlock;
using kernels::PackedBytes;

bool PostingList::Unpack(size_t block, uint32_t* rows, uint32_t* tf_bases) const {
  if (rows_in(block) < kBlock) return UnpackTail(block, rows, tf_bases);
  const BlockEntry entry = this->entry(block);
  const size_t at = size_t{16} * entry.offset_16;
  if (entry.row_width > 32 || entry.tf_width > 32 || entry.last_row >= row_count_ ||
      at + PackedBytes(entry.row_width + entry.tf_width) > entries_at_) {
    return false;
  }
  const uint32_t before = block == 0 ? kBeforeAll : last_row(block - 1);
  kernels::Kernels().unpack_rows(bytes_ + at, entry.row_width, before, rows);
  if (tf_bases != nullptr) {
    kernels::Kernels().unpack(bytes_ + at + PackedBytes(entry.row_width), entry.tf_width, tf_bases);
  }
  return rows[kBlock - 1] == entry.last_row;
}

bool PostingList::UnpackTfs(size_t block, uint32_t* tf_bases) const {
  const BlockEntry entry = this->entry(block);
  const size_t at = size_t{16} * entry.offset_16 + PackedBytes(entry.row_width);
  if (entry.tf_width > 32 || at + PackedBytes(entry.tf_width) > entries_at_) return false;
  kernels::Kernels().unpack(bytes_ + at, entry.tf_width, tf_bases);
  return true;
}

bool PostingList::UnpackTail(size_t block, uint32_t* rows, uint32_t* tf_bases) const {
  size_t begin = 0;
  uint32_t row = kBeforeAll;
  if (has_entries()) {
    begin = size_t{16} * entry(block).offset_16;
    if (block > 0) row = last_row(block - 1);
  }
  if (begin > entries_at_) return false;
  const uint8_t *at = bytes_ + begin, *end = bytes_ + entries_at_;
  const size_t count = rows_in(block);
  for (size_t i = 0; i < count; ++i) {
    uint64_t step = 0;
    uint32_t tf_base = 0;
    if (!GetVarint(at, end, step)) return false;
    if ((step & 1) != 0 && !GetVarint(at, end, tf_base)) return false;
    row += static_cast<uint32_t>(step >> 1) + 1;
    if (row >= row_count_) return false;
    rows[i] = row;
    if (tf_bases != nullptr) tf_bases[i] = tf_base;
  }
  return true;
}

std::string_view PostingList::positions_from(size_t block) const {
  if (!has_entries() || block == 0) return positions_;
  return positions_.substr(std::min<uint64_t>(entry(block).positions_offset(), positions_.size()));
}

PartReader::PartReader(std::string_view bytes, const Extents* extents, const Directory& directory,
                       size_t part)
    : bytes_(bytes),
      extents_(extents),
      row_count_(directory.row_count),
      part_(directory.parts[part]),
      dictionary_(bytes, extents, part_) {}

Result<PostingList> PartReader::Open(const TermEntry& entry, bool with_positions) const {
  const Section& postings = part_.sections[Part::kPostings];
  const Section& positions = part_.sections[Part::kPositions];
  IOLITE_RETURN_IF_ERROR(
      extents_->Need(postings.offset + entry.postings.offset, entry.postings.size));
  PostingList list;
  list.bytes_ = Bytes(Part::kPostings) + entry.postings.offset;
  list.size_ = list.entries_at_ = entry.postings.size;
  list.df_ = entry.df;
  list.row_count_ = row_count_;
  if (with_positions) {
    const uint64_t begin = positions.offset + entry.positions.offset;
    IOLITE_RETURN_IF_ERROR(extents_->Need(begin, entry.positions.size));
    list.positions_ = bytes_.substr(begin, entry.positions.size);
  }
  const uint64_t entries = list.block_count() * sizeof(BlockEntry) + sizeof(Frontier);
  if (entry.df > row_count_ || (list.has_entries() && entries > list.size_)) {
    return DataLoss("The text index is damaged: a list has {} bytes for {} rows. Build it anew",
                    list.size_, list.df_);
  }
  if (list.has_entries()) list.entries_at_ -= entries;
  return list;
}

Status PartReader::NeedLengths() const {
  for (const auto name : {Part::kLengths, Part::kLengthCodes, Part::kBounds}) {
    const Section& section = part_.sections[name];
    IOLITE_RETURN_IF_ERROR(extents_->Need(section.offset, section.size));
  }
  return Status::Ok();
}

uint32_t PartReader::code(uint32_t row) const {
  const size_t width = code_width();
  uint32_t code = 0;
  std::memcpy(&code, codes() + width * row, width);
  return code;
}

}  // namespace iolite::text::internal
