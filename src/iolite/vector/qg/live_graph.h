#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "iolite/base/budget.h"
#include "iolite/vector/qg/arrival.h"
#include "iolite/vector/qg/epochs.h"
#include "iolite/vector/qg/file.h"
#include "iolite/vector/qg/links.h"
#include "iolite/vector/qg/live_entries.h"
#include "iolite/vector/qg/live_vertices.h"
#include "iolite/vector/qg/paged.h"
#include "iolite/vector/qg/plan.h"
#include "iolite/vector/qg/saved_file.h"

namespace iolite::vector::qg {

/// A graph that changes while it is walked: its vertices, the ids that lead to them, and its
/// entries.
///
/// Threads: any number may read between Enter and its Guard's end; one writer at a time.
class LiveGraph {
 public:
  /// `saved` is told which slots change.
  LiveGraph(Header header, const Layout& layout, Budget& budget, SavedFile& saved);
  ~LiveGraph();
  LiveGraph(const LiveGraph&) = delete;
  LiveGraph& operator=(const LiveGraph&) = delete;

  // What readers see.
  Epochs::Guard Enter() const { return epochs_.Enter(); }
  /// What the graph was made or opened with; counts and entries have gone on since.
  const Header& header() const { return header_; }
  const Space& space() const { return space_; }
  const Traits& traits() const { return traits_; }
  const EdgeRules& rules() const { return rules_; }
  const LiveVertices& vertices() const { return vertices_; }
  const Entries& entries() const { return entries_.now(); }
  uint32_t row_count() const { return row_count_.load(std::memory_order_acquire); }
  uint32_t id_bound() const { return id_bound_.load(std::memory_order_acquire); }
  uint64_t replace_count() const { return replace_count_.load(std::memory_order_acquire); }
  uint32_t slot_of(uint32_t id) const { return slots_.Load(id); }
  bool Contains(uint32_t id) const { return slot_of(id) != kNoSlot; }

  // The writer's.

  /// Takes in the extents of a mapped file, which stay. kDataLoss names what is damaged.
  Status Load(const char* extents);
  /// Of an empty graph, the first rows say what is known of all: their mean, and how long vectors
  /// are.
  void Begin(std::span<const float> rows);
  /// Puts a row in, in place of the one its id has.
  Status Put(const Arrival& arrival);
  /// Takes rows out; each id has one.
  Status Remove(std::span<const uint32_t> ids);
  /// The header of a file that holds all there is now.
  Header CurrentHeader() const;
  Epochs& epochs() { return epochs_; }

 private:
  Status LoadIds();
  Status CheckLinks() const;
  void EnsureLinks();

  Result<uint32_t> TakeSlot();
  Status WriteVertex(uint32_t slot, const Arrival& arrival,
                     std::vector<EdgeMaker::Choice>& choices);
  void Name(uint32_t slot, uint32_t id, bool replaces);
  Status LinkTo(uint32_t slot, std::span<const EdgeMaker::Choice> choices);
  Status OfferTo(uint32_t target, uint32_t slot, float length, bool force, bool& taken);
  void MakeEntry(uint32_t slot);

  Status RemoveSlot(uint32_t slot);
  Status KeepReachable(uint32_t target);
  // Rows that lost an edge and have few left are looked for, and get edges from where the walk
  // ended when it does not meet them.
  Status Reconnect();
  Status ReconnectOne(uint32_t slot);
  Status Mend(uint32_t target, uint32_t gone);
  Candidate NearestOf(uint32_t gone, uint32_t target, const RowEdit& row) const;
  void ReplaceEntry(uint32_t gone);
  uint32_t StandIn(uint32_t gone) const;

  bool IsFree(uint32_t slot) const { return vertices_.id(slot) == kNoRow; }
  const uint16_t* High(uint32_t slot) const {
    return reinterpret_cast<const uint16_t*>(vertices_.row_bytes(slot));
  }
  std::vector<float> VectorOf(uint32_t slot) const;

  Header header_;
  const Space space_;
  Traits traits_;
  EdgeRules rules_;
  mutable Epochs epochs_;
  LiveVertices vertices_;
  PagedArray<uint32_t, kNoSlot> slots_;  // by id
  LiveEntries entries_;
  std::atomic<uint32_t> row_count_ = 0;
  std::atomic<uint32_t> id_bound_ = 0;
  std::atomic<uint64_t> replace_count_ = 0;

  // Only the writer looks at these.
  SavedFile& saved_;
  bool begun_ = false;
  Links links_;
  std::vector<uint32_t> free_slots_;
  std::vector<uint32_t> endangered_;  // slots that lost an edge since the last Reconnect
};

}  // namespace iolite::vector::qg
