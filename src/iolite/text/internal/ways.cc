#include "iolite/text/internal/ways.h"

#include <bit>
#include <cstring>
#include <utility>

namespace iolite::text::internal {
namespace {

constexpr uint32_t kWindow = 4096;
constexpr uint32_t kWindowsPerCheck = 64;
// So many rows of a window are found faster by looking at all of it.
constexpr uint32_t kDenseRows = 512;
// Rows that are read in the time in which one is asked for.
constexpr uint64_t kReadInPlaceOfAsking = 4;
constexpr uint32_t kRowsPerCheck = 16384;

// One list of a union, in the window at hand.
struct Clause {
  ScoredList* list;
  size_t block = 0;   // the first that does not end before the window
  int32_t bound = 0;  // in the window
};

class UnionSearch {
 public:
  UnionSearch(const ScoredLists& lists, RowFilter filter, bool exhaustive, RowSink& sink)
      : filter_(filter), exhaustive_(exhaustive), sink_(sink), sums_(lists.size() + 1) {
    for (const auto& list : lists) clauses_.push_back({list.get()});
  }

  Status Run(const RequestContext& context, uint32_t row_count) {
    uint32_t windows = 0;
    row_count_ = row_count;
    for (uint64_t begin = 0; begin < row_count;) {
      if (windows++ % kWindowsPerCheck == 0) IOLITE_RETURN_IF_ERROR(context.Check());
      const uint64_t next = StartOf(begin);
      if (next >= row_count) break;
      // A row's bit in words and filter is then the same.
      begin = std::max(begin, next / 64 * 64);
      begin_ = static_cast<uint32_t>(begin);
      end_ = static_cast<uint32_t>(std::min<uint64_t>(begin + kWindow, row_count));
      SearchWindow();
      begin += kWindow;
    }
    return Status::Ok();
  }

 private:
  // Moves every list on to `begin`; returns the least row from which on some list has rows.
  uint64_t StartOf(uint64_t begin) {
    uint64_t start = UINT64_MAX;
    for (Clause& clause : clauses_) {
      ScoredList& list = *clause.list;
      while (clause.block < list.block_count() && list.last_row(clause.block) < begin) {
        ++clause.block;
      }
      if (clause.block == list.block_count()) continue;
      uint64_t from = begin;
      if (clause.block > 0) from = std::max<uint64_t>(from, list.last_row(clause.block - 1) + 1);
      start = std::min(start, from);
    }
    return start;
  }

  void SearchWindow() {
    int64_t total = 0;
    for (Clause& clause : clauses_) {
      SetBound(clause);
      total += clause.bound;
    }
    if (total <= sink_.threshold()) return;
    std::sort(clauses_.begin(), clauses_.end(),
              [](const Clause& a, const Clause& b) { return a.bound < b.bound; });
    for (size_t i = 0; i < clauses_.size(); ++i) sums_[i + 1] = sums_[i] + clauses_[i].bound;
    size_t rest = 0;  // lists that do not reach the threshold together
    while (!exhaustive_ && rest + 1 < clauses_.size() && sums_[rest + 1] <= sink_.threshold()) {
      ++rest;
    }
    rest_ = rest = WorthAsking(rest);
    if (rest + 1 == clauses_.size()) return SearchOne(clauses_.back());
    uint64_t rows = 0;
    for (size_t i = rest; i < clauses_.size(); ++i) rows += clauses_[i].list->size();
    dense_ = rows * kWindow > uint64_t{kDenseRows} * row_count_;
    for (size_t i = rest; i < clauses_.size(); ++i) AddUp(clauses_[i], total);
    OfferSums();
  }

  // To read a list of few rows costs less than to ask it about every row that the others found.
  size_t WorthAsking(size_t rest) const {
    uint64_t rows = 0;
    for (size_t i = rest; i < clauses_.size(); ++i) rows += clauses_[i].list->size();
    for (; rest > 0 && clauses_[rest - 1].list->size() <= kReadInPlaceOfAsking * rows; --rest) {
      rows += clauses_[rest - 1].list->size();
    }
    return rest;
  }

  void SetBound(Clause& clause) const {
    ScoredList& list = *clause.list;
    clause.bound = 0;
    for (size_t b = clause.block; b < list.block_count(); ++b) {
      if (b > clause.block && list.last_row(b - 1) + 1 >= end_) break;
      clause.bound = std::max(clause.bound, list.block_bound(b));
    }
  }

  // Calls visit(rows, scores, count) for the rows of one list in the window, less blocks whose
  // bound does not reach the threshold with `others`.
  template <typename Visit>
  void ForEach(const Clause& clause, int64_t others, Visit visit) {
    ScoredList& list = *clause.list;
    for (size_t b = clause.block; b < list.block_count(); ++b) {
      if (b > clause.block && list.last_row(b - 1) + 1 >= end_) break;
      if (!exhaustive_ && list.block_bound(b) + others <= sink_.threshold()) continue;
      list.Open(b);
      const uint32_t* rows = list.rows();
      const int32_t* scores = list.scores();
      size_t begin = 0, end = list.count();
      if (end > 0 && rows[0] < begin_) begin = FirstNotBefore(rows, end, begin_);
      if (end > 0 && rows[end - 1] >= end_) end = FirstNotBefore(rows, end, end_);
      if (begin < end) visit(rows + begin, scores + begin, end - begin);
    }
  }

  void SearchOne(const Clause& clause) {
    const int64_t others = sums_[rest_];
    ForEach(clause, others, [&](const uint32_t* rows, const int32_t* scores, size_t count) {
      for (size_t i = 0; i < count; ++i) {
        if ((exhaustive_ || scores[i] + others > sink_.threshold()) && filter_.Passes(rows[i])) {
          Complete(rows[i], scores[i]);
        }
      }
    });
  }

  // Sums that reach the threshold with the rest are found when all is added up, by looking at the
  // whole window; where rows are few, as they are added: scores are above 0, so that a row's last
  // addition decides.
  void AddUp(const Clause& clause, int64_t total) {
    int32_t* sums = window_;
    const uint32_t begin = begin_;
    const auto add = [&](const uint32_t* rows, const int32_t* scores, size_t count) {
      for (size_t i = 0; i < count; ++i) sums[rows[i] - begin] += scores[i];
    };
    const int32_t wanted = Wanted();
    const auto add_and_find = [&](const uint32_t* rows, const int32_t* scores, size_t count) {
      for (size_t i = 0; i < count; ++i) {
        const uint32_t at = rows[i] - begin;
        const int32_t sum = sums[at] += scores[i];
        found_[at / 64] |= uint64_t{sum > wanted} << (at % 64);
      }
    };
    const int64_t others = total - clause.bound;
    dense_ ? ForEach(clause, others, add) : ForEach(clause, others, add_and_find);
  }

  // Sums above this can still reach the threshold.
  int32_t Wanted() const {
    if (exhaustive_) return 0;
    return static_cast<int32_t>(std::max<int64_t>(sink_.threshold() - sums_[rest_], 0));
  }

  void OfferSums() {
    const size_t words = (end_ - begin_ + 63) / 64;
    if (dense_) kernels::Kernels().find_above(window_, words * 64, Wanted(), found_);
    const uint64_t* allowed = filter_.words == nullptr ? nullptr : filter_.words + begin_ / 64;
    for (size_t w = 0; w < words; ++w) {
      uint64_t bits = std::exchange(found_[w], 0);
      if (allowed != nullptr) bits &= allowed[w];
      for (; bits != 0; bits &= bits - 1) {
        const size_t at = w * 64 + static_cast<size_t>(std::countr_zero(bits));
        Complete(begin_ + static_cast<uint32_t>(at), window_[at]);
      }
    }
    std::memset(window_, 0, words * 64 * sizeof(window_[0]));
  }

  // Asks the rest of the lists, as long as they can still make a difference.
  void Complete(uint32_t row, int32_t score) {
    for (size_t i = rest_; i-- > 0;) {
      if (score + sums_[i + 1] <= sink_.threshold()) return;
      ScoredList& list = *clauses_[i].list;
      if (score + sums_[i] + list.BoundAt(row) <= sink_.threshold()) return;
      if (list.Seek(row) == row) score += list.score();
    }
    if (score > sink_.threshold()) sink_.Offer(row, score);
  }

  const RowFilter filter_;
  const bool exhaustive_;
  RowSink& sink_;
  std::vector<Clause> clauses_;  // in a window, by bound
  std::vector<int64_t> sums_;    // of the bounds of the first i
  size_t rest_ = 0;
  bool dense_ = false;  // whether the window has many rows
  uint32_t row_count_ = 0, begin_ = 0, end_ = 0;
  int32_t window_[kWindow] = {};
  uint64_t found_[kWindow / 64] = {};
};

// Walks through the rows that all lists have.
class IntersectionSearch {
 public:
  IntersectionSearch(const ScoredLists& must, const ScoredLists& should, RowFilter filter,
                     bool exhaustive, RowSink& sink)
      : filter_(filter), exhaustive_(exhaustive), sink_(sink) {
    for (const auto& list : must) must_.push_back(list.get());
    for (const auto& list : should) should_.push_back(list.get());
    std::sort(must_.begin(), must_.end(),
              [](const ScoredList* a, const ScoredList* b) { return a->size() < b->size(); });
    for (const ScoredList* list : should_) should_bound_ += list->bound();
    for (const ScoredList* list : must_) others_bound_ += list->bound();
    others_bound_ += should_bound_ - must_[0]->bound();
  }

  Status Run(const RequestContext& context) {
    ScoredList& lead = *must_[0];
    uint32_t rows = 0;
    for (uint32_t row = Next(0); row != ScoredList::kEnd;) {
      if (rows++ % kRowsPerCheck == 0) IOLITE_RETURN_IF_ERROR(context.Check());
      uint32_t at = row;
      for (size_t i = 1; i < must_.size() && at == row; ++i) at = must_[i]->Seek(row);
      if (at == ScoredList::kEnd) break;
      if (at == row) {
        if (filter_.Passes(row)) Offer(row, lead.score());
        ++at;
      }
      row = Next(at);
    }
    return Status::Ok();
  }

 private:
  // The next row of the first list, less blocks that cannot reach the threshold.
  uint32_t Next(uint32_t row) {
    ScoredList& lead = *must_[0];
    while (!exhaustive_) {
      const int32_t bound = lead.BoundAt(row);
      if (lead.ended()) return ScoredList::kEnd;
      if (bound + others_bound_ > sink_.threshold()) break;
      row = lead.LastRowAt() + 1;
    }
    return lead.Seek(row);
  }

  void Offer(uint32_t row, int32_t score) {
    for (size_t i = 1; i < must_.size(); ++i) score += must_[i]->score();
    if (!exhaustive_ && score + should_bound_ <= sink_.threshold()) return;
    for (ScoredList* list : should_) {
      if (list->Seek(row) == row) score += list->score();
    }
    if (score > sink_.threshold()) sink_.Offer(row, score);
  }

  const RowFilter filter_;
  const bool exhaustive_;
  RowSink& sink_;
  std::vector<ScoredList*> must_, should_;
  int64_t should_bound_ = 0, others_bound_ = 0;
};

}  // namespace

Status FindUnion(const RequestContext& context, const ScoredLists& lists, RowFilter filter,
                 uint32_t row_count, bool exhaustive, RowSink& sink) {
  return std::make_unique<UnionSearch>(lists, filter, exhaustive, sink)->Run(context, row_count);
}

Status FindIntersection(const RequestContext& context, const ScoredLists& must,
                        const ScoredLists& should, RowFilter filter, bool exhaustive,
                        RowSink& sink) {
  return IntersectionSearch(must, should, filter, exhaustive, sink).Run(context);
}

}  // namespace iolite::text::internal
