#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/vector/kernels/kernels.h"
#include "iolite/vector/qg/space.h"
#include "iolite/vector/qg/vertices.h"

namespace iolite::vector::qg {

/// A vertex and how far it is, exactly or by estimate.
struct Candidate {
  float distance;
  uint32_t slot;
};

/// Nearer first, the lower slot among equals.
inline bool IsNearer(const Candidate& a, const Candidate& b) {
  return a.distance < b.distance || (a.distance == b.distance && a.slot < b.slot);
}

/// What a walk needs for itself; used again from walk to walk.
class WalkRoom {
 public:
  /// For a walk from `start` with a pool of `ef` among `slot_count` slots.
  void BeginAt(uint32_t start, size_t ef, uint32_t slot_count);

  /// Whether this is the first time.
  bool Mark(uint32_t slot) {
    uint64_t& word = marked_[slot / 64];
    const uint64_t bit = 1ull << (slot % 64);
    if ((word & bit) != 0) return false;
    word |= bit;
    marks_[mark_count_++] = slot;
    return true;
  }
  /// Makes room for as many marks.
  void ReserveMarks(size_t count) {
    if (marks_.size() < mark_count_ + count) marks_.resize(2 * (mark_count_ + count));
  }

  /// Nothing at this distance or farther can enter the pool.
  float bound() const { return bound_; }
  /// Puts new places into the pool, as far as they are near enough. Changes the order of `found`.
  void Push(std::span<Candidate> found);
  /// Whether there is a place that was not taken yet; then nearest() is the distance of the
  /// nearest.
  bool has_next() const { return next_ < size_; }
  float nearest() const { return distances_[next_]; }
  /// The slot of the nearest.
  uint32_t Take();

 private:
  static constexpr uint32_t kTaken = 1u << 31;

  std::vector<uint64_t> marked_;
  std::vector<uint32_t> marks_;
  size_t mark_count_ = 0;
  // The pool, by distance; taken slots carry kTaken. Behind the places lies infinity, as far as
  // registers reach.
  std::vector<float> distances_;
  std::vector<uint32_t> slots_;
  decltype(kernels::KernelSet::rank) rank_ = kernels::Kernels().rank;
  size_t pool_size_ = 0;
  size_t size_ = 0;
  size_t next_ = 0;
  float bound_ = 0;
};

inline uint32_t WalkRoom::Take() {
  const uint32_t slot = slots_[next_];
  slots_[next_] |= kTaken;
  while (next_ < size_ && (slots_[next_] & kTaken) != 0) ++next_;
  return slot;
}

/// Fetches a row, or as much of it as the processor can be asked for at once.
inline void PrefetchRow(const char* row, size_t bytes) {
  constexpr size_t kLines = 48;
  const size_t lines = std::min(kLines, bytes / 64);
  for (size_t i = 0; i < lines; ++i) __builtin_prefetch(row + i * 64, 0, 3);
}

/// Distance of a query to a row by its high bits.
inline float RowDistance(const Query& query, bool products, const uint16_t* high, uint32_t padded) {
  const auto& kernels = kernels::Kernels();
  if (!products) return kernels.l2_bf16(query.values.data(), high, padded);
  return query.product_offset - kernels.dot_bf16(query.values.data(), high, padded);
}

/// Walks the graph towards `query` from what `room` holds: takes the nearest place of the pool,
/// calls `visit(slot, distance)` with its distance by high bits, and pushes its neighbours by
/// estimate, each once, until the pool has no place left or `visit` returns a bound that the next
/// place exceeds. `rows.row_bytes(slot)` says where a row lies, `rows.CheckSlot(slot)` whether it
/// may be read, and no link is followed to `rows.slot_count()` or beyond.
///
/// The estimate is explained in edges.cc; the scheme is that of Gou et al., "SymphonyQG: Towards
/// Symphonious Integration of Quantization and Graph for Approximate Nearest Neighbor Search"
/// (SIGMOD 2025).
template <class Rows, class VisitFunction>
Status Walk(const RequestContext& context, const Rows& rows, const Layout& layout,
            const Space& space, const Query& query, WalkRoom& room, VisitFunction visit) {
  constexpr size_t kStepsBetweenChecks = 64;
  // Rows on their way from memory while one is worked on. The walk is a little less greedy for it
  // (5 % more steps) and waits less.
  constexpr size_t kAhead = 2;
  const auto scan = kernels::Kernels().scan_block;
  const bool products = space.products();
  const uint32_t padded = layout.padded(), slot_count = rows.slot_count();
  alignas(64) float estimates[kBlockLanes];
  Candidate found[kBlockLanes];
  float limit = std::numeric_limits<float>::infinity();
  uint32_t flight[kAhead + 1];
  size_t head = 0, in_flight = 0;
  for (size_t step = 1;; ++step) {
    if (step % kStepsBetweenChecks == 0) IOLITE_RETURN_IF_ERROR(context.Check());
    while (in_flight <= kAhead && room.has_next() && room.nearest() <= limit) {
      const uint32_t next = room.Take();
      PrefetchRow(rows.row_bytes(next), layout.row_bytes());
      flight[(head + in_flight++) % (kAhead + 1)] = next;
    }
    if (in_flight == 0) break;
    const uint32_t slot = flight[head++ % (kAhead + 1)];
    --in_flight;
    IOLITE_RETURN_IF_ERROR(rows.CheckSlot(slot));
    const RowView row(layout, rows.row_bytes(slot));
    const float distance = RowDistance(query, products, row.high(), padded);
    limit = visit(slot, distance);
    for (uint32_t block = 0; block < layout.block_count(); ++block) {
      const kernels::ScanBlock codes{row.codes(block), row.add(block), row.rescale(block)};
      uint32_t below = scan(query.table, codes, padded, distance, room.bound(), estimates);
      const uint32_t* links = row.links() + block * kBlockLanes;
      size_t found_count = 0;
      room.ReserveMarks(kBlockLanes);
      for (; below != 0; below &= below - 1) {
        const int lane = std::countr_zero(below);
        if (links[lane] < slot_count && room.Mark(links[lane]))
          found[found_count++] = {estimates[lane], links[lane]};
      }
      room.Push({found, found_count});
    }
  }
  return Status::Ok();
}

}  // namespace iolite::vector::qg
