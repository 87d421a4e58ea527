#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "iolite/vector/index.h"

namespace iolite::vector::internal {

/// The rows that may appear in an answer: what `allowed` lets through and `hidden` does not take
/// away. Few rows are kept as a list, many as bits.
class Survivors {
 public:
  Survivors(const VectorSearch& request, uint32_t row_count);

  /// Whether every row survives; then there are neither list nor words.
  bool all() const { return all_; }
  uint32_t count() const { return count_; }
  /// One bit a row, made of the list when there is only that; null when all survive.
  const uint64_t* Words();

  /// Calls `visit(ids, count)` with runs of at most kRun ascending rows until it returns false.
  template <class VisitFunction>
  void ForEachRun(VisitFunction visit) const;

  static constexpr size_t kRun = 2048;

 private:
  void KeepList(const VectorSearch& request);
  void KeepWords(const VectorSearch& request);

  uint32_t row_count_;
  uint32_t count_ = 0;
  bool all_ = false;
  bool listed_ = false;
  std::vector<uint32_t> list_;
  std::vector<uint64_t> words_;
};

template <class VisitFunction>
void Survivors::ForEachRun(VisitFunction visit) const {
  if (listed_) {
    for (size_t i = 0; i < list_.size(); i += kRun) {
      if (!visit(list_.data() + i, std::min(kRun, list_.size() - i))) return;
    }
    return;
  }
  uint32_t run[kRun];
  size_t filled = 0;
  const size_t word_count = (static_cast<size_t>(row_count_) + 63) / 64;
  for (size_t w = 0; w < word_count; ++w) {
    uint64_t bits = ~0ull;
    if (!all_) {
      bits = words_[w];
    } else if (row_count_ - w * 64 < 64) {
      bits = (1ull << (row_count_ - w * 64)) - 1;
    }
    for (; bits != 0; bits &= bits - 1) {
      run[filled++] = static_cast<uint32_t>(w * 64 + __builtin_ctzll(bits));
    }
    if (filled > kRun - 64) {
      if (!visit(static_cast<const uint32_t*>(run), filled)) return;
      filled = 0;
    }
  }
  if (filled > 0) visit(static_cast<const uint32_t*>(run), filled);
}

}  // namespace iolite::vector::internal
