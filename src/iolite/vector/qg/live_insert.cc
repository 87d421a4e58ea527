#include <algorithm>

#include "iolite/vector/qg/live_graph.h"

// How a graph that changes takes a row in.

namespace iolite::vector::qg {

Status LiveGraph::Put(const Arrival& arrival) {
  EnsureLinks();
  const uint32_t replaced = slot_of(arrival.id);
  IOLITE_ASSIGN_OR_RETURN(const uint32_t slot, TakeSlot());
  auto choices = arrival.choices;
  if (Status written = WriteVertex(slot, arrival, choices); !written.ok()) {
    free_slots_.push_back(slot);
    return written;
  }
  saved_.MarkChanged(slot);
  for (const auto& choice : choices) links_.Add(slot, choice.candidate.slot);
  Name(slot, arrival.id, replaced != kNoSlot);
  MakeEntry(slot);
  IOLITE_RETURN_IF_ERROR(LinkTo(slot, choices));
  if (replaced != kNoSlot) IOLITE_RETURN_IF_ERROR(RemoveSlot(replaced));
  return Reconnect();
}

Result<uint32_t> LiveGraph::TakeSlot() {
  epochs_.Collect();
  if (free_slots_.empty()) {
    IOLITE_ASSIGN_OR_RETURN(const uint32_t slot, vertices_.AddSlot());
    saved_.MarkChanged(slot);
    links_.Resize(slot + 1);
    return slot;
  }
  const uint32_t slot = free_slots_.back();
  IOLITE_RETURN_IF_ERROR(vertices_.MakeWritable(slot));
  free_slots_.pop_back();
  return slot;
}

// The row of a vertex, before anybody links to it.
Status LiveGraph::WriteVertex(uint32_t slot, const Arrival& arrival,
                              std::vector<EdgeMaker::Choice>& choices) {
  const Layout& layout = vertices_.layout();
  IOLITE_ASSIGN_OR_RETURN(const RowEdit row, vertices_.NewImage(slot));
  WriteVector(layout, arrival.values.data(), row.high(), vertices_.MutableLow(slot));
  WriteSigns(layout, space_, header_.mean.data(), arrival.values.data(),
             vertices_.MutableSigns(slot));
  // Some may have been deleted since they were chosen.
  std::erase_if(choices,
                [&](const EdgeMaker::Choice& choice) { return IsFree(choice.candidate.slot); });
  EdgeMaker(layout, space_, rules_).Write(vertices_, row, choices);
  vertices_.Publish(slot, row);
  return Status::Ok();
}

// From here on a search can find it.
void LiveGraph::Name(uint32_t slot, uint32_t id, bool replaces) {
  vertices_.SetId(slot, id);
  slots_.Store(id, slot);
  if (replaces) {
    replace_count_.fetch_add(1, std::memory_order_acq_rel);
  } else {
    row_count_.fetch_add(1, std::memory_order_acq_rel);
  }
  id_bound_.store(std::max(id_bound_.load(std::memory_order_relaxed), id + 1),
                  std::memory_order_release);
}

// Lets the neighbours know of a new vertex; where none wants it, the nearest that can takes it.
Status LiveGraph::LinkTo(uint32_t slot, std::span<const EdgeMaker::Choice> choices) {
  bool any = false;
  for (const bool force : {false, true}) {
    for (const auto& choice : choices) {
      bool taken = false;
      IOLITE_RETURN_IF_ERROR(
          OfferTo(choice.candidate.slot, slot, choice.candidate.distance, force, taken));
      any |= taken;
      if (force && taken) break;
    }
    if (any) break;
  }
  return Status::Ok();
}

Status LiveGraph::OfferTo(uint32_t target, uint32_t slot, float length, bool force, bool& taken) {
  IOLITE_RETURN_IF_ERROR(vertices_.MakeWritable(target));
  IOLITE_ASSIGN_OR_RETURN(const RowEdit row, vertices_.NewImage(target));
  EdgeMaker edges(vertices_.layout(), space_, rules_);
  auto indegree = [this](uint32_t other) { return links_.Indegree(other); };
  auto between = [&](uint32_t, uint32_t other) {
    return HighDistance(High(slot), High(other), vertices_.layout().padded());
  };
  const uint32_t lost = force ? edges.Force(vertices_, row, slot, length, indegree)
                              : edges.Offer(vertices_, row, slot, length, indegree, between);
  taken = lost != slot;
  if (!taken) {
    vertices_.Discard(row);
    return Status::Ok();
  }
  vertices_.Publish(target, row);
  links_.Add(target, slot);
  if (lost != kNoSlot) {
    links_.Remove(target, lost);
    endangered_.push_back(lost);
  }
  saved_.MarkChanged(target);
  return Status::Ok();
}

void LiveGraph::MakeEntry(uint32_t slot) {
  const auto place = entries_.PlaceForRow(row_count());
  if (place) entries_.Set(*place, slot, space_, header_.mean, VectorOf(slot));
}

}  // namespace iolite::vector::qg
