#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "iolite/text/internal/norms.h"
#include "iolite/text/internal/part_reader.h"

namespace iolite::text::internal {

/// The place of the first of ascending rows that is not before `row`: a binary search without
/// branches, whose outcome nobody could guess.
inline size_t FirstNotBefore(const uint32_t* rows, size_t count, uint32_t row) {
  const uint32_t* at = rows;
  size_t left = count;
  while (left > 1) {
    const size_t half = left / 2;
    at += at[half - 1] < row ? half : 0;
    left -= half;
  }
  return static_cast<size_t>(at - rows) + (left == 1 && *at < row ? 1 : 0);
}

/// Rows in ascending order, each with a score above 0, in blocks of 128: the list of a term, scored
/// where it is needed, or rows and scores in memory. Bounds tell what a block cannot exceed before
/// it is unpacked.
///
/// Threads: one.
class ScoredList {
 public:
  static constexpr uint32_t kEnd = UINT32_MAX;

  ScoredList(const PostingList& list, std::shared_ptr<const Norms> norms, float weight);
  ScoredList(std::vector<uint32_t> rows, std::vector<int32_t> scores);

  uint64_t size() const { return size_; }
  size_t block_count() const { return (size_ + kernels::kBlock - 1) / kernels::kBlock; }
  int32_t bound() const { return bound_; }
  uint32_t last_row(size_t block) const;
  int32_t block_bound(size_t block);

  /// Unpacks the rows of a block; there are count() of them.
  void Open(size_t block) {
    if (block != open_) OpenOther(block);
  }
  const uint32_t* rows() const { return rows_; }
  size_t count() const { return count_; }
  /// Those of all rows of the open block.
  const int32_t* scores() {
    if (!scored_) ScoreAll();
    return scores_;
  }

  /// Goes to the first row that is not before `row`, and returns it, or kEnd. Rows asked for
  /// ascend.
  uint32_t Seek(uint32_t row);
  /// What the block can reach in which `row` would be; 0 behind the end.
  int32_t BoundAt(uint32_t row);
  bool ended() const { return seek_block_ >= block_count(); }
  /// The last row of that block.
  uint32_t LastRowAt() const { return last_row(seek_block_); }
  /// The score of the row that Seek found.
  int32_t score();

  /// Whether the list turned out damaged: then it seems shorter than it is.
  bool damaged() const { return damaged_; }
  int64_t blocks_unpacked() const { return blocks_unpacked_; }

 private:
  static constexpr size_t kNone = SIZE_MAX;

  void OpenOther(size_t block);
  void UnpackTfs();
  void ScoreAll();
  void MoveTo(uint32_t row);

  uint64_t size_ = 0;
  int32_t bound_ = 0;
  bool in_memory_ = false, damaged_ = false;
  int64_t blocks_unpacked_ = 0;

  PostingList list_;
  std::shared_ptr<const Norms> norms_;
  float weight_ = 0;
  size_t bounded_ = kNone;  // the block that block_bound_ speaks of
  int32_t block_bound_ = 0;

  std::vector<uint32_t> all_rows_;
  std::vector<int32_t> all_scores_, bounds_;

  size_t open_ = kNone, count_ = 0;
  bool with_tfs_ = false, scored_ = false;
  const uint32_t* rows_ = nullptr;
  const int32_t* scores_ = nullptr;
  size_t seek_block_ = 0, place_ = 0;
  uint32_t row_room_[kernels::kBlock], tf_bases_[kernels::kBlock];
  int32_t score_room_[kernels::kBlock];
};

inline uint32_t ScoredList::last_row(size_t block) const {
  if (in_memory_) {
    return all_rows_[std::min<size_t>((block + 1) * kernels::kBlock, size_) - 1];
  }
  return list_.has_entries() ? list_.last_row(block) : row_room_[size_ - 1];
}

}  // namespace iolite::text::internal
