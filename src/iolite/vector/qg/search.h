#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/vector/index.h"
#include "iolite/vector/internal/query.h"
#include "iolite/vector/internal/survivors.h"
#include "iolite/vector/internal/top_k.h"
#include "iolite/vector/qg/code_bounds.h"
#include "iolite/vector/qg/entries.h"
#include "iolite/vector/qg/plan.h"
#include "iolite/vector/qg/space.h"
#include "iolite/vector/qg/walk.h"

namespace iolite::vector::qg {

/// Memory for the query of the search that this thread is at; it searches one thing at a time.
inline Query& QueryOfThread() {
  thread_local Query query;
  return query;
}

/// One search of one image of an index. `View` says what there is:
///
///     space(), layout(), entries(), traits()
///     slot_count(), id_bound()                 slots in use, and a bound above every row id
///     row_bytes(slot), low(slot)               see Vertices
///     signs(slot), Estimate(query, slots, count, estimates)   sign codes, and what they say
///     mean()                                   that sign codes are relative to
///     id(slot), slot_of(id)                    kNoRow and kNoSlot where there is none
///     IsCurrent(id, slot)                      whether the id leads to this slot now
///     replace_count()                          grows when an id is led to another slot
///     CheckSlot(slot)                          kDataLoss where the file is damaged
///
/// Threads: one each; nothing of the view is changed.
template <class View>
class Searcher {
 public:
  Searcher(const RequestContext& context, const View& view, const VectorSearch& request)
      : context_(context),
        view_(view),
        layout_(view.layout()),
        request_(request),
        id_bound_(view.id_bound()),
        survivors_(request, id_bound_) {}

  Result<size_t> Run(std::span<Neighbor> out);

 private:
  using TopK = internal::TopK;

  // A walk ends by the distance of so many answers at least: the nearest one alone would end it
  // before it has looked around.
  static constexpr size_t kBoundingMin = 10;
  // Rows whose bounds are kept at once.
  static constexpr size_t kBoundsAtOnce = 1 << 17;

  Status Answer(TopK& top);
  Status Exact(TopK& top, std::string reason);
  Status ByCodes(TopK& top, std::string reason);
  Status ByGraph(TopK& top, size_t ef, bool& answered);
  // A row that is being replaced has two slots for a moment: only that which its id leads to
  // counts.
  void Offer(TopK& top, uint32_t slot, float distance) {
    const uint32_t id = view_.id(slot);
    if (id != kNoRow && view_.IsCurrent(id, slot)) top.Offer(id, distance);
  }
  // Distances of slots, offered under their row's id.
  void Rescore(std::span<const Neighbor> slots, TopK& top);
  // Of slots with their distances by high bits, in any order, those that may be among the wanted.
  void RescoreNearest(std::span<Neighbor> near, TopK& top);
  // Whether all that a walk found, nearest first, is equally far as high bits see it, and something
  // can be nearer: a crowd of equal rows fills the pool and hides what lies behind it.
  bool HighBitsCannotTell(std::span<const Neighbor> near) const;
  Status ByHighBits(TopK& top, std::string reason);
  // `bound(slots, count, bounds)` adds slots with lower bounds of their distances, as far as they
  // may be among the wanted, and returns what the farthest of the wanted is not beyond.
  template <class BoundFunction>
  Status BySettling(TopK& top, BoundFunction bound);
  // Compares rows by high bits in the order of their bounds, until none can be nearer than
  // `nearest`; those that may be among the wanted are added to `near`.
  void Settle(std::vector<Neighbor>& bounds, float farthest, TopK& nearest,
              std::vector<Neighbor>& near);
  Status CheckRun(const uint32_t* slots, size_t count) const;
  // Calls `visit(slots, count)` with runs of the slots of rows that may appear.
  template <class VisitFunction>
  Status ForEachRun(VisitFunction visit);
  bool Survives(uint32_t id) const {
    if (words_ == nullptr) return id != kNoRow;
    return id < id_bound_ && (words_[id / 64] >> (id % 64) & 1) != 0;
  }
  const uint16_t* High(uint32_t slot) const {
    return reinterpret_cast<const uint16_t*>(view_.row_bytes(slot));
  }
  const uint16_t* Low(uint32_t slot) const { return view_.low(slot); }

  const RequestContext& context_;
  const View& view_;
  const Layout& layout_;
  const VectorSearch& request_;
  const uint32_t id_bound_;  // kNoRow is not below it
  internal::Survivors survivors_;
  const uint64_t* words_ = nullptr;
  size_t row_count_ = 0;  // rows that may appear
  size_t wanted_ = 0;
  Query& query_ = QueryOfThread();
  HighBitsMargin margin_;
  SearchStats stats_;
};

template <class View>
Result<size_t> Searcher<View>::Run(std::span<Neighbor> out) {
  // Ids without a row do not count, so this may be more than there are.
  row_count_ = std::min<size_t>(survivors_.count(), view_.row_count());
  wanted_ = std::min({request_.k, row_count_, out.size()});
  if (wanted_ == 0) {
    if (request_.stats != nullptr) *request_.stats = internal::NothingToFind(request_);
    return size_t{0};
  }
  view_.space().RotateQuery(request_.query, view_.traits().length_max, query_);
  margin_ = HighBitsMargin(query_);
  TopK top(out.first(wanted_), request_.distance_max);
  IOLITE_RETURN_IF_ERROR(Answer(top));
  if (request_.stats != nullptr) *request_.stats = std::move(stats_);
  return top.Finish();
}

template <class View>
Status Searcher<View>::Answer(TopK& top) {
  const PlanChoice plan = ChoosePlan(
      {request_, layout_, view_.traits(), view_.row_count(), row_count_, survivors_.all()});
  if (request_.exact) return Exact(top, plan.reason);
  if (plan.way == Way::kExact) return ByHighBits(top, plan.reason);
  if (plan.way == Way::kCodes) return ByCodes(top, plan.reason);
  for (const size_t ef : {plan.ef, plan.larger_ef}) {
    if (ef == 0) break;
    bool answered = false;
    IOLITE_RETURN_IF_ERROR(ByGraph(top, ef, answered));
    if (request_.stats != nullptr) stats_.reason = fmt::format("{}, ef {}", plan.reason, ef);
    if (answered) return Status::Ok();
  }
  return ByCodes(top, fmt::format("the walk met too few of {} of {} rows that may appear",
                                  row_count_, view_.row_count()));
}

template <class View>
template <class VisitFunction>
Status Searcher<View>::ForEachRun(VisitFunction visit) {
  Status status;
  uint32_t slots[internal::Survivors::kRun];
  auto take = [&](size_t found) {
    status = context_.Check();
    if (status.ok()) status = CheckRun(slots, found);
    if (status.ok()) visit(static_cast<const uint32_t*>(slots), found);
    return status.ok();
  };
  if (!survivors_.all()) {
    survivors_.ForEachRun([&](const uint32_t* ids, size_t count) {
      size_t found = 0;
      for (size_t i = 0; i < count; ++i) {
        const uint32_t slot = view_.slot_of(ids[i]);
        if (slot != kNoSlot) slots[found++] = slot;
      }
      return take(found);
    });
    return status;
  }
  const uint32_t end = view_.slot_count();
  for (uint32_t slot = 0; slot < end && status.ok();) {
    size_t found = 0;
    for (; slot < end && found < internal::Survivors::kRun; ++slot) {
      if (view_.id(slot) != kNoRow) slots[found++] = slot;
    }
    take(found);
  }
  return status;
}

template <class View>
Status Searcher<View>::CheckRun(const uint32_t* slots, size_t count) const {
  uint32_t checked = kNoSlot;
  for (size_t i = 0; i < count; ++i) {
    const uint32_t extent = layout_.extent_of(slots[i]);
    if (extent == checked) continue;
    IOLITE_RETURN_IF_ERROR(view_.CheckSlot(slots[i]));
    checked = extent;
  }
  return Status::Ok();
}

template <class View>
Status Searcher<View>::Exact(TopK& top, std::string reason) {
  stats_.plan = survivors_.all() ? "exact" : "exact over the filter";
  stats_.reason = std::move(reason);
  stats_.rows_visited += static_cast<int64_t>(row_count_);
  return ForEachRun([&](const uint32_t* slots, size_t count) {
    constexpr size_t kAhead = 4;
    for (size_t i = 0; i < count; ++i) {
      if (i + kAhead < count) {
        const uint32_t next = slots[i + kAhead];
        PrefetchRow(view_.row_bytes(next), size_t{layout_.padded()} * 2);
        if (layout_.exact()) {
          PrefetchRow(reinterpret_cast<const char*>(view_.low(next)), size_t{layout_.padded()} * 2);
        }
      }
      const float distance = view_.space().ExactDistance(query_, High(slots[i]), Low(slots[i]));
      if (!(distance > top.bound())) Offer(top, slots[i], distance);
    }
  });
}

// Estimates by sign codes bound distances, and rows are compared in the order of their lower bounds
// until none that is left can be nearer than what was found: few rows where codes tell rows apart,
// all of them where they do not, as in a crowd of equal rows.
template <class View>
Status Searcher<View>::ByCodes(TopK& top, std::string reason) {
  stats_.plan = survivors_.all() ? "codes" : "codes over the filter";
  stats_.reason = std::move(reason);
  stats_.rows_visited += static_cast<int64_t>(row_count_);
  const CodeBounds code_bounds(layout_, view_.space(), view_.mean(), query_);
  thread_local std::vector<Neighbor> least_room;
  least_room.resize(std::max(least_room.size(), wanted_));
  // The nearest upper bounds: what must be farther than all of them need not be kept. They are the
  // lowest of many, so the rows whose estimates err most, and want a wider margin.
  constexpr float kWider = 1.2f;
  TopK least(std::span<Neighbor>(least_room).first(wanted_), std::nullopt);
  float estimates[internal::Survivors::kRun];
  return BySettling(top, [&](const uint32_t* slots, size_t count, std::vector<Neighbor>& bounds) {
    view_.Estimate(code_bounds.query(), slots, count, estimates);
    for (size_t i = 0; i < count; ++i) {
      const float error = code_bounds.ErrorOf(view_.signs(slots[i]));
      const float estimate = code_bounds.Distance(estimates[i]);
      if (estimate - error > least.bound()) continue;
      bounds.push_back({slots[i], estimate - error});
      least.Offer(slots[i], estimate + kWider * error);
    }
    return least.bound();
  });
}

// Of few rows each is compared, but low bits are fetched of the nearest only.
template <class View>
Status Searcher<View>::ByHighBits(TopK& top, std::string reason) {
  stats_.plan = survivors_.all() ? "exact" : "exact over the filter";
  stats_.reason = std::move(reason);
  stats_.rows_visited += static_cast<int64_t>(row_count_);
  return BySettling(top, [](const uint32_t* slots, size_t count, std::vector<Neighbor>& bounds) {
    const float unknown = std::numeric_limits<float>::infinity();
    for (size_t i = 0; i < count; ++i) bounds.push_back({slots[i], -unknown});
    return unknown;
  });
}

template <class View>
template <class BoundFunction>
Status Searcher<View>::BySettling(TopK& top, BoundFunction bound) {
  thread_local std::vector<Neighbor> bounds, near, nearest_room;
  near.clear();
  bounds.clear();
  nearest_room.resize(std::max(nearest_room.size(), wanted_));
  TopK nearest(std::span<Neighbor>(nearest_room).first(wanted_), std::nullopt);
  float farthest = std::numeric_limits<float>::infinity();
  IOLITE_RETURN_IF_ERROR(ForEachRun([&](const uint32_t* slots, size_t count) {
    farthest = bound(slots, count, bounds);
    if (bounds.size() < kBoundsAtOnce) return;
    Settle(bounds, farthest, nearest, near);
    bounds.clear();
  }));
  Settle(bounds, farthest, nearest, near);
  RescoreNearest(near, top);
  // What was left out for a row that went meanwhile, or stood at two slots, is wanted after all.
  const bool left_out = std::isfinite(farthest) || nearest.size() == wanted_;
  if (top.size() == wanted_ || request_.distance_max || !left_out) return Status::Ok();
  top.Clear();
  return Exact(top, "rows were changed during the search");
}

template <class View>
void Searcher<View>::Settle(std::vector<Neighbor>& bounds, float farthest, TopK& nearest,
                            std::vector<Neighbor>& near) {
  constexpr size_t kAhead = 6;
  const size_t row_bytes = size_t{layout_.padded()} * 2;
  std::erase_if(bounds, [farthest](const Neighbor& n) { return n.distance > farthest; });
  if (farthest < std::numeric_limits<float>::infinity()) {
    std::sort(bounds.begin(), bounds.end(), internal::ComesFirst);
  }
  for (size_t i = 0; i < bounds.size(); ++i) {
    const auto [slot, bound] = bounds[i];
    if (bound > nearest.bound()) break;
    if (i + kAhead < bounds.size()) PrefetchRow(view_.row_bytes(bounds[i + kAhead].row), row_bytes);
    const uint32_t id = view_.id(slot);
    if (id == kNoRow || !view_.IsCurrent(id, slot)) continue;
    const float distance =
        RowDistance(query_, view_.space().products(), High(slot), layout_.padded());
    ++stats_.rows_rescored;
    nearest.Offer(slot, distance);
    const float last = nearest.bound();
    if (!(distance > last + margin_.At(last))) near.push_back({slot, distance});
  }
}

template <class View>
void Searcher<View>::Rescore(std::span<const Neighbor> slots, TopK& top) {
  constexpr size_t kAhead = 8;
  auto fetch = [&](uint32_t slot) {
    PrefetchRow(view_.row_bytes(slot), size_t{layout_.padded()} * 2);
    if (layout_.exact()) {
      PrefetchRow(reinterpret_cast<const char*>(view_.low(slot)), size_t{layout_.padded()} * 2);
    }
  };
  for (size_t i = 0; i < std::min(kAhead, slots.size()); ++i) fetch(slots[i].row);
  // A row that is replaced meanwhile might be missed in both its slots: look again.
  constexpr int kAttempts = 4;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const uint64_t before = view_.replace_count();
    top.Clear();
    for (size_t i = 0; i < slots.size(); ++i) {
      if (i + kAhead < slots.size()) fetch(slots[i + kAhead].row);
      const uint32_t slot = slots[i].row;
      Offer(top, slot, view_.space().ExactDistance(query_, High(slot), Low(slot)));
    }
    if (view_.replace_count() == before) break;
  }
}

template <class View>
void Searcher<View>::RescoreNearest(std::span<Neighbor> near, TopK& top) {
  size_t kept = near.size();
  if (kept > wanted_) {
    const auto last = near.begin() + static_cast<ptrdiff_t>(wanted_ - 1);
    std::nth_element(near.begin(), last, near.end(), internal::ComesFirst);
    const float farthest = last->distance + margin_.At(last->distance);
    const auto end = std::partition(last, near.end(), [farthest](const Neighbor& neighbor) {
      return neighbor.distance <= farthest;
    });
    kept = static_cast<size_t>(end - near.begin());
  }
  stats_.rows_rescored += static_cast<int64_t>(kept);
  Rescore(near.first(kept), top);
}

template <class View>
bool Searcher<View>::HighBitsCannotTell(std::span<const Neighbor> near) const {
  if (near.size() <= wanted_) return false;
  const float farthest = near.back().distance, margin = margin_.At(farthest);
  return farthest > margin && farthest - near.front().distance <= margin;
}

template <class View>
Status Searcher<View>::ByGraph(TopK& top, size_t ef, bool& answered) {
  thread_local WalkRoom room;
  if (view_.entries().slots().empty()) return Status::Ok();
  stats_.plan = survivors_.all() ? "graph" : "filtered graph";
  if (!survivors_.all()) words_ = survivors_.Words();
  // A few more than are wanted, because high bits decide who is compared exactly.
  thread_local std::vector<Neighbor> near_room, nearest_room;
  const size_t bounding = std::max(wanted_, kBoundingMin);
  near_room.resize(std::max(near_room.size(), wanted_ + std::max<size_t>(8, wanted_ / 4)));
  nearest_room.resize(std::max(nearest_room.size(), bounding));
  const std::span near = std::span(near_room).first(wanted_ + std::max<size_t>(8, wanted_ / 4));
  const std::span nearest = std::span(nearest_room).first(bounding);
  TopK candidates(near, std::nullopt), bound(nearest, std::nullopt);
  view_.space().MakeTable(query_);
  room.BeginAt(view_.entries().Nearest(query_), ef, view_.slot_count());
  size_t popped = 0, passing = 0;
  const float stop_factor = StopFactor(layout_, ef);
  IOLITE_RETURN_IF_ERROR(Walk(context_, view_, layout_, view_.space(), query_, room,
                              [&](uint32_t slot, float distance) {
                                ++popped;
                                if (Survives(view_.id(slot))) {
                                  ++passing;
                                  candidates.Offer(slot, distance);
                                  bound.Offer(slot, distance);
                                }
                                return bound.bound() * stop_factor;
                              }));
  stats_.rows_visited += static_cast<int64_t>(popped);
  const double share = static_cast<double>(row_count_) / static_cast<double>(view_.row_count());
  answered = passing >= wanted_ && (survivors_.all() || WalkIsTrustworthy(popped, passing, share));
  if (!answered) return Status::Ok();
  const size_t found = candidates.Finish();
  answered = !HighBitsCannotTell(near.first(found));
  if (answered) RescoreNearest(near.first(found), top);
  return Status::Ok();
}

}  // namespace iolite::vector::qg
