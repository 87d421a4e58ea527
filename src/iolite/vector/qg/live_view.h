#pragma once

#include <cstdint>

#include "iolite/vector/qg/live_graph.h"

namespace iolite::vector::qg {

/// What one search sees of a graph that changes (see Searcher): rows as they are while it runs, and
/// one table of entries.
///
/// Threads: one each, between LiveGraph::Enter and its Guard's end.
class LiveView {
 public:
  explicit LiveView(const LiveGraph& graph)
      : graph_(graph),
        entries_(graph.entries()),
        slot_count_(graph.vertices().slot_count()),
        row_count_(graph.row_count()) {}

  const Space& space() const { return graph_.space(); }
  const Layout& layout() const { return graph_.vertices().layout(); }
  const Entries& entries() const { return entries_; }
  const Traits& traits() const { return graph_.traits(); }
  uint32_t slot_count() const { return slot_count_; }
  uint32_t row_count() const { return row_count_; }
  uint32_t id_bound() const { return graph_.id_bound(); }
  const char* row_bytes(uint32_t slot) const { return graph_.vertices().row_bytes(slot); }
  const uint16_t* low(uint32_t slot) const { return graph_.vertices().low(slot); }
  const char* signs(uint32_t slot) const { return graph_.vertices().signs(slot); }
  std::span<const float> mean() const { return graph_.header().mean; }
  void Estimate(const kernels::SignQuery& query, const uint32_t* slots, size_t count,
                float* estimates) const;
  uint32_t id(uint32_t slot) const { return graph_.vertices().id(slot); }
  uint32_t slot_of(uint32_t id) const { return graph_.slot_of(id); }
  bool IsCurrent(uint32_t id, uint32_t slot) const { return slot_of(id) == slot; }
  uint64_t replace_count() const { return graph_.replace_count(); }
  static Status CheckSlot(uint32_t) { return Status::Ok(); }

 private:
  const LiveGraph& graph_;
  const Entries& entries_;
  const uint32_t slot_count_;
  const uint32_t row_count_;
};

}  // namespace iolite::vector::qg
