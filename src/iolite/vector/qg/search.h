#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/vector/index.h"
#include "iolite/vector/internal/proposals.h"
#include "iolite/vector/internal/query.h"
#include "iolite/vector/internal/survivors.h"
#include "iolite/vector/internal/top_k.h"
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
///     Estimate(query, slots, count, estimates) by sign codes
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

  Status Answer(TopK& top);
  Status Exact(TopK& top, std::string reason);
  Status ByCodes(TopK& top, std::string reason);
  Status ByGraph(TopK& top, size_t ef, bool& answered);
  Status Propose(std::span<Neighbor> room, size_t& found);
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
  // Distances by high bits of what codes proposed, then the exact ones of the nearest.
  void Decide(std::span<const Neighbor> proposed, TopK& top);
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
  TopK top(out.first(wanted_), request_.distance_max);
  IOLITE_RETURN_IF_ERROR(Answer(top));
  if (request_.stats != nullptr) *request_.stats = std::move(stats_);
  return top.Finish();
}

template <class View>
Status Searcher<View>::Answer(TopK& top) {
  const PlanChoice plan = ChoosePlan(
      {request_, layout_, view_.traits(), view_.row_count(), row_count_, survivors_.all()});
  if (plan.way == Way::kExact) return Exact(top, plan.reason);
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

template <class View>
Status Searcher<View>::Propose(std::span<Neighbor> room, size_t& found) {
  const SignTable table(query_.values, layout_.sign_bits());
  TopK top(room, std::nullopt);
  float estimates[internal::Survivors::kRun];
  IOLITE_RETURN_IF_ERROR(ForEachRun([&](const uint32_t* slots, size_t count) {
    view_.Estimate(table.query(), slots, count, estimates);
    top.OfferMany({estimates, count}, [slots](size_t i) { return slots[i]; });
  }));
  found = top.Finish();
  return Status::Ok();
}

template <class View>
Status Searcher<View>::ByCodes(TopK& top, std::string reason) {
  internal::Proposals proposals(wanted_, row_count_);
  if (!proposals.worthwhile()) return Exact(top, std::move(reason));
  stats_.plan = survivors_.all() ? "codes" : "codes over the filter";
  for (auto verdict = internal::Proposals::Verdict::kAskForMore;
       verdict == internal::Proposals::Verdict::kAskForMore;) {
    std::vector<Neighbor> room(proposals.count());
    size_t found = 0;
    IOLITE_RETURN_IF_ERROR(Propose(room, found));
    stats_.rows_visited += static_cast<int64_t>(row_count_);
    const auto proposed = std::span(room).first(found);
    top.Clear();
    Decide(proposed, top);
    // Proposals are slots, answers ids.
    for (Neighbor& neighbor : room) neighbor.row = view_.id(neighbor.row);
    verdict = proposals.Judge(top, proposed);
    if (verdict == internal::Proposals::Verdict::kSettled) {
      stats_.reason = std::move(reason);
      return Status::Ok();
    }
  }
  top.Clear();
  return Exact(top, reason + ", and their codes lie too close together");
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
    const float farthest = last->distance + HighBitsMargin(last->distance, query_);
    const auto end = std::partition(last, near.end(), [farthest](const Neighbor& neighbor) {
      return neighbor.distance <= farthest;
    });
    kept = static_cast<size_t>(end - near.begin());
  }
  stats_.rows_rescored += static_cast<int64_t>(kept);
  Rescore(near.first(kept), top);
}

template <class View>
void Searcher<View>::Decide(std::span<const Neighbor> proposed, TopK& top) {
  constexpr size_t kAhead = 3;
  const size_t row_bytes = size_t{layout_.padded()} * 2;
  std::vector<Neighbor> near(proposed.size());
  for (size_t i = 0; i < proposed.size(); ++i) {
    if (i + kAhead < proposed.size()) {
      PrefetchRow(view_.row_bytes(proposed[i + kAhead].row), row_bytes);
    }
    const uint32_t slot = proposed[i].row;
    const float distance =
        RowDistance(query_, view_.space().products(), High(slot), layout_.padded());
    near[i] = {slot, std::isnan(distance) ? std::numeric_limits<float>::infinity() : distance};
  }
  RescoreNearest(near, top);
}

template <class View>
bool Searcher<View>::HighBitsCannotTell(std::span<const Neighbor> near) const {
  if (near.size() <= wanted_) return false;
  const float farthest = near.back().distance, margin = HighBitsMargin(farthest, query_);
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
