#include <algorithm>
#include <limits>
#include <utility>

#include "iolite/vector/qg/live_graph.h"
#include "iolite/vector/qg/live_view.h"
#include "iolite/vector/qg/reconnect.h"

// How a graph that changes lets a row go.

namespace iolite::vector::qg {

Status LiveGraph::Remove(std::span<const uint32_t> ids) {
  EnsureLinks();
  // Gone from every answer first; mending may take its time.
  std::vector<uint32_t> slots;
  for (uint32_t id : ids) {
    slots.push_back(slot_of(id));
    vertices_.SetId(slots.back(), kNoRow);
    slots_.Store(id, kNoSlot);
    row_count_.fetch_sub(1, std::memory_order_acq_rel);
  }
  for (uint32_t slot : slots) {
    epochs_.Collect();
    IOLITE_RETURN_IF_ERROR(RemoveSlot(slot));
  }
  return Reconnect();
}

// Everybody who linked to the slot links to one of its neighbours instead; then the slot can serve
// again, once nobody walks over it any more.
Status LiveGraph::RemoveSlot(uint32_t slot) {
  vertices_.SetId(slot, kNoRow);
  saved_.MarkChanged(slot);
  ReplaceEntry(slot);
  const std::vector<uint32_t> sources = links_.To(slot);
  for (uint32_t source : sources) IOLITE_RETURN_IF_ERROR(Mend(source, slot));
  const RowView row(vertices_.layout(), vertices_.row_bytes(slot));
  const std::span targets(row.links(), vertices_.layout().lanes());
  for (const uint32_t target : targets) {
    if (target == kNoSlot) continue;
    links_.Remove(slot, target);
    endangered_.push_back(target);
  }
  for (const uint32_t target : targets) {
    if (target != kNoSlot && !IsFree(target)) IOLITE_RETURN_IF_ERROR(KeepReachable(target));
  }
  epochs_.Retire([this, slot] { free_slots_.push_back(slot); });
  return Status::Ok();
}

// A neighbour that few others lead to must not be lost with the one that went.
Status LiveGraph::KeepReachable(uint32_t target) {
  const RowView own(vertices_.layout(), vertices_.row_bytes(target));
  for (uint32_t lane = 0; lane < vertices_.layout().lanes(); ++lane) {
    if (links_.Indegree(target) >= rules_.indegree_min) break;
    const uint32_t near = own.links()[lane];
    if (near == kNoSlot || IsFree(near)) continue;
    bool taken = false;
    IOLITE_RETURN_IF_ERROR(OfferTo(near, target, vertices_.lengths(target)[lane], true, taken));
  }
  return Status::Ok();
}

Status LiveGraph::Reconnect() {
  // A row that many lead to is met by some of them.
  constexpr uint32_t kFew = 10;
  // What loses an edge to a row that is reconnected waits for the next change.
  const std::vector<uint32_t> slots = std::exchange(endangered_, {});
  for (size_t i = 0; i < slots.size(); ++i) {
    const uint32_t slot = slots[i];
    const bool again = std::find(slots.begin(), slots.begin() + static_cast<ptrdiff_t>(i), slot) !=
                       slots.begin() + static_cast<ptrdiff_t>(i);
    if (again || IsFree(slot) || links_.Indegree(slot) > kFew) continue;
    IOLITE_RETURN_IF_ERROR(ReconnectOne(slot));
  }
  return Status::Ok();
}

Status LiveGraph::ReconnectOne(uint32_t slot) {
  std::vector<Candidate> met;
  const LiveView view(*this);
  IOLITE_ASSIGN_OR_RETURN(const bool found,
                          IsMet(RequestContext{}, view, view.layout(), space_, view.entries(),
                                traits_.length_max, slot, VectorOf(slot).data(), met));
  if (found) return Status::Ok();
  for (const auto& [distance, near] : met) {
    // Its equal is as good an answer.
    if (distance <= 0) break;
    if (IsFree(near)) continue;
    bool taken = false;
    IOLITE_RETURN_IF_ERROR(OfferTo(near, slot, distance, true, taken));
    if (taken) break;
  }
  return Status::Ok();
}

// In place of the edge to `gone`, the neighbour of `gone` that is nearest to `target` and not
// linked to yet.
Status LiveGraph::Mend(uint32_t target, uint32_t gone) {
  const Layout& layout = vertices_.layout();
  IOLITE_RETURN_IF_ERROR(vertices_.MakeWritable(target));
  IOLITE_ASSIGN_OR_RETURN(const RowEdit row, vertices_.NewImage(target));
  const auto lane = static_cast<uint32_t>(
      std::find(row.links(), row.links() + layout.lanes(), gone) - row.links());
  const Candidate best = NearestOf(gone, target, row);
  if (best.slot == kNoSlot) {
    row.links()[lane] = kNoSlot;
    row.add(lane) = row.lengths[lane] = std::numeric_limits<float>::infinity();
    row.rescale(lane) = 0;
    row.SetFiller(lane, false);
  } else {
    EdgeMaker(layout, space_, rules_)
        .SetLane(vertices_, row, lane, best.slot, best.distance, false);
    links_.Add(target, best.slot);
  }
  links_.Remove(target, gone);
  vertices_.Publish(target, row);
  saved_.MarkChanged(target);
  return Status::Ok();
}

// kNoSlot where `row`, the one of `target`, knows all neighbours of `gone`.
Candidate LiveGraph::NearestOf(uint32_t gone, uint32_t target, const RowEdit& row) const {
  const Layout& layout = vertices_.layout();
  const RowView from(layout, vertices_.row_bytes(gone));
  const uint32_t* begin = row.links();
  const uint32_t* end = begin + layout.lanes();
  Candidate best{std::numeric_limits<float>::infinity(), kNoSlot};
  for (const uint32_t other : std::span(from.links(), layout.lanes())) {
    if (other == kNoSlot || other == target || IsFree(other) ||
        std::find(begin, end, other) != end) {
      continue;
    }
    const float distance = HighDistance(row.high(), High(other), layout.padded());
    if (distance < best.distance) best = {distance, other};
  }
  return best;
}

void LiveGraph::ReplaceEntry(uint32_t gone) {
  const auto place = entries_.PlaceOf(gone);
  if (!place) return;
  const uint32_t other = StandIn(gone);
  if (other == kNoSlot) {
    entries_.Remove(*place);
  } else {
    entries_.Set(*place, other, space_, header_.mean, VectorOf(other));
  }
}

// A neighbour that is no entry yet: a slot that stood at two places would be left at one of them
// when it goes. The last rows may all have been neighbours of each other: for the last entry any
// row will do.
uint32_t LiveGraph::StandIn(uint32_t gone) const {
  const RowView row(vertices_.layout(), vertices_.row_bytes(gone));
  for (const uint32_t other : std::span(row.links(), vertices_.layout().lanes())) {
    if (other != kNoSlot && !IsFree(other) && !entries_.PlaceOf(other)) return other;
  }
  if (entries().slots().size() > 1) return kNoSlot;
  for (uint32_t slot = 0; slot < vertices_.slot_count(); ++slot) {
    if (slot != gone && !IsFree(slot)) return slot;
  }
  return kNoSlot;
}

}  // namespace iolite::vector::qg
