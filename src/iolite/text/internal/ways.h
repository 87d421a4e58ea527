#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/text/internal/scored_list.h"

namespace iolite::text::internal {

/// Takes rows as they are found, in ascending order: the k best, or all of them.
class RowSink {
 public:
  struct Row {
    uint32_t row;
    int32_t score;
  };

  /// `k` of SIZE_MAX takes all.
  explicit RowSink(size_t k) : k_(k) {}

  /// Only higher scores are taken.
  int32_t threshold() const { return threshold_; }
  void Offer(uint32_t row, int32_t score) {
    ++offered_;
    if (rows_.size() < k_) {
      rows_.push_back({row, score});
      if (k_ == SIZE_MAX || rows_.size() < k_) return;
      std::make_heap(rows_.begin(), rows_.end(), Better);
    } else {
      std::pop_heap(rows_.begin(), rows_.end(), Better);
      rows_.back() = {row, score};
      std::push_heap(rows_.begin(), rows_.end(), Better);
    }
    threshold_ = rows_.front().score;
  }
  /// The best first, by row among equals.
  std::vector<Row>& Sorted() {
    std::sort(rows_.begin(), rows_.end(), Better);
    return rows_;
  }
  /// As they came, where all were taken.
  const std::vector<Row>& rows() const { return rows_; }
  int64_t offered() const { return offered_; }

 private:
  static bool Better(const Row& a, const Row& b) {
    return a.score > b.score || (a.score == b.score && a.row < b.row);
  }
  const size_t k_;
  int32_t threshold_ = 0;
  int64_t offered_ = 0;
  std::vector<Row> rows_;
};

/// Which rows may appear: bit `row % 64` of word `row / 64`; null for all.
struct RowFilter {
  const uint64_t* words = nullptr;
  bool Passes(uint32_t row) const {
    return words == nullptr || (words[row / 64] >> (row % 64) & 1) != 0;
  }
};

using ScoredLists = std::vector<std::unique_ptr<ScoredList>>;

/// Rows of any of the lists, with the sums of their scores. Windows of 4,096 rows whose bounds do
/// not reach the threshold are left out; within one, lists that cannot do so together are only
/// asked about rows that the others found (block-max MaxScore).
Status FindUnion(const RequestContext& context, const ScoredLists& lists, RowFilter filter,
                 uint32_t row_count, bool exhaustive, RowSink& sink);

/// Rows of all of the `must` lists, of which there is one, with their sums and those of the
/// `should` lists that have them. Rows with a sum of 0 are left out.
Status FindIntersection(const RequestContext& context, const ScoredLists& must,
                        const ScoredLists& should, RowFilter filter, bool exhaustive,
                        RowSink& sink);

}  // namespace iolite::text::internal
