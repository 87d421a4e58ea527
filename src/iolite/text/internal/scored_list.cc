#include "iolite/text/internal/scored_list.h"

#include <algorithm>
#include <utility>

namespace iolite::text::internal {

using kernels::kBlock;

ScoredList::ScoredList(const PostingList& list, std::shared_ptr<const Norms> norms, float weight)
    : size_(list.df()), list_(list), norms_(std::move(norms)), weight_(weight) {
  if (list_.has_entries()) {
    bound_ = BoundOf(list_.frontier(), *norms_, weight_);
    return;
  }
  // A short list is at hand as a whole, with its exact bound.
  if (size_ == 0) return;
  Open(0);
  if (damaged_) {
    size_ = 0;
    return;
  }
  bound_ = *std::max_element(scores(), scores() + count_);
}

ScoredList::ScoredList(std::vector<uint32_t> rows, std::vector<int32_t> scores)
    : size_(rows.size()),
      in_memory_(true),
      all_rows_(std::move(rows)),
      all_scores_(std::move(scores)) {
  for (size_t begin = 0; begin < size_; begin += kBlock) {
    const auto first = all_scores_.begin() + static_cast<int64_t>(begin);
    const auto count = std::min<size_t>(kBlock, size_ - begin);
    bounds_.push_back(*std::max_element(first, first + static_cast<int64_t>(count)));
    bound_ = std::max(bound_, bounds_.back());
  }
}

int32_t ScoredList::block_bound(size_t block) {
  if (in_memory_) return bounds_[block];
  if (!list_.has_entries()) return bound_;
  if (block != bounded_) {
    bounded_ = block;
    block_bound_ = BoundOf(list_.block_frontier(block), *norms_, weight_);
  }
  return block_bound_;
}

void ScoredList::OpenOther(size_t block) {
  open_ = block;
  if (in_memory_) {
    rows_ = all_rows_.data() + block * kBlock;
    scores_ = all_scores_.data() + block * kBlock;
    count_ = std::min<size_t>(kBlock, size_ - block * kBlock);
    scored_ = true;
    return;
  }
  ++blocks_unpacked_;
  count_ = list_.rows_in(block);
  with_tfs_ = count_ < kBlock;
  scored_ = false;
  rows_ = row_room_;
  scores_ = score_room_;
  if (list_.Unpack(block, row_room_, with_tfs_ ? tf_bases_ : nullptr)) return;
  damaged_ = true;
  count_ = 0;
}

void ScoredList::UnpackTfs() {
  if (with_tfs_) return;
  with_tfs_ = true;
  if (list_.UnpackTfs(open_, tf_bases_)) return;
  damaged_ = true;
  std::fill_n(tf_bases_, kBlock, 0);
}

void ScoredList::ScoreAll() {
  UnpackTfs();
  float norms[kBlock];
  norms_->Gather(rows_, count_, norms);
  kernels::Kernels().score(tf_bases_, norms, count_, weight_, score_room_);
  scored_ = true;
}

void ScoredList::MoveTo(uint32_t row) {
  const size_t blocks = block_count();
  // Often the next one or the one after, sometimes far.
  for (int i = 0; i < 4; ++i) {
    if (seek_block_ >= blocks || last_row(seek_block_) >= row) return;
    ++seek_block_;
  }
  size_t step = 4, low = seek_block_;
  while (low + step < blocks && last_row(low + step) < row) {
    low += step;
    step *= 2;
  }
  size_t high = std::min(low + step, blocks);
  while (low < high) {
    const size_t middle = (low + high) / 2;
    last_row(middle) < row ? low = middle + 1 : high = middle;
  }
  seek_block_ = low;
}

int32_t ScoredList::BoundAt(uint32_t row) {
  MoveTo(row);
  return seek_block_ < block_count() ? block_bound(seek_block_) : 0;
}

uint32_t ScoredList::Seek(uint32_t row) {
  MoveTo(row);
  if (seek_block_ >= block_count()) return kEnd;
  Open(seek_block_);
  place_ = FirstNotBefore(rows_, count_, row);
  return place_ < count_ ? rows_[place_] : kEnd;
}

int32_t ScoredList::score() {
  if (scored_) return scores_[place_];
  UnpackTfs();
  const float tf = static_cast<float>(static_cast<int32_t>(tf_bases_[place_] + 1));
  return ScoreOf(tf, norms_->Of(rows_[place_]), weight_);
}

}  // namespace iolite::text::internal
