#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "iolite/vector/qg/space.h"
#include "iolite/vector/qg/vertices.h"
#include "iolite/vector/qg/walk.h"

namespace iolite::vector::qg {

/// How edges are chosen.
struct EdgeRules {
  /// An edge to a candidate is left out when a nearer neighbour is closer to the candidate than the
  /// owner is, by this factor on squared distances (Subramanya et al., "DiskANN", NeurIPS 2019).
  float alpha = 1.1f;
  /// Vertices that fewer edges lead to than this keep them.
  uint32_t indegree_min = 3;
};

/// Makes and changes the edges of rows. Lengths are squared L2 distances of vectors as they are
/// kept. `rows` of the methods say where rows lie: `row_bytes(slot)`.
///
/// Threads: one. Cheap to make; keeps scratch memory.
class EdgeMaker {
 public:
  EdgeMaker(const Layout& layout, const Space& space, const EdgeRules& rules)
      : layout_(layout), space_(space), rules_(rules) {}

  /// Chooses among candidates, nearest first and with squared distances, at most `lanes` of them:
  /// those that no chosen one makes superfluous, then fillers. `rows` says where rows lie.
  struct Choice {
    Candidate candidate;
    bool filler;
  };
  template <class Rows>
  void Choose(const Rows& rows, std::span<const Candidate> candidates, std::vector<Choice>& chosen);

  /// Makes `choices` the edges of a row.
  template <class Rows>
  void Write(const Rows& rows, const RowEdit& row, std::span<const Choice> choices);

  /// Lets a row know of a new vertex at squared distance `length`, in place of an edge that is
  /// worth less. Returns the slot that lost its edge, kNoSlot when none did, or `slot` when the new
  /// one was not taken. `indegree(slot)` says how many edges lead to a slot, `between(lane, slot)`
  /// about how far, squared, the new vertex is from that neighbour of the row.
  template <class Rows, class IndegreeFunction, class BetweenFunction>
  uint32_t Offer(const Rows& rows, const RowEdit& row, uint32_t slot, float length,
                 IndegreeFunction indegree, BetweenFunction between);

  /// As Offer, but the new vertex takes the place of the longest edge that can be spared, whatever
  /// it is worth.
  template <class Rows, class IndegreeFunction>
  uint32_t Force(const Rows& rows, const RowEdit& row, uint32_t slot, float length,
                 IndegreeFunction indegree);

  /// Makes `lane` an edge to `slot`, at squared distance `length`.
  template <class Rows>
  void SetLane(const Rows& rows, const RowEdit& row, uint32_t lane, uint32_t slot, float length,
               bool filler) {
    ReadHigh(row.high(), owner_);
    WriteLane(rows, row, lane, {length, slot}, filler);
  }

  /// A vector by its high bits, which is what walks and codes go by.
  void ReadHigh(const uint16_t* high, std::vector<float>& values) const {
    values.resize(layout_.padded());
    kernels::Kernels().widen(high, layout_.padded(), values.data());
  }

 private:
  // With the row's own vector in owner_.
  template <class Rows>
  void WriteLane(const Rows& rows, const RowEdit& row, uint32_t lane, const Candidate& target,
                 bool filler) {
    ReadHigh(reinterpret_cast<const uint16_t*>(rows.row_bytes(target.slot)), target_);
    WriteCodeOf(row, lane);
    row.links()[lane] = target.slot;
    row.lengths[lane] = target.distance;
    row.SetFiller(lane, filler);
  }
  // The code from owner_ to target_.
  void WriteCodeOf(const RowEdit& row, uint32_t lane);

  const Layout& layout_;
  const Space& space_;
  const EdgeRules rules_;
  std::vector<float> owner_, target_;
  std::vector<uint32_t> words_;
  std::vector<const uint16_t*> chosen_high_;
  std::vector<uint8_t> superfluous_;
};

/// What makes an estimate of a code.
struct CodeFactors {
  float add;
  float rescale;
};

/// The code of `target - owner` as signs in `words`, and its factors.
CodeFactors CodeOf(const Space& space, const float* owner, const float* target, uint32_t* words);

/// A vector's sign code relative to the mean, and the factors behind it, as a column keeps them.
void WriteSigns(const Layout& layout, const Space& space, const float* mean, const float* values,
                char* signs);

/// A place in codes of 32 side by side gets the signs in `words`.
void WriteCode(uint8_t* codes, uint32_t place, const uint32_t* words, uint32_t padded);

/// The way back: sets the bits of `words`, which are 0 before.
void ReadCode(const uint8_t* codes, uint32_t place, uint32_t padded, uint32_t* words);

inline float HighDistance(const uint16_t* a, const uint16_t* b, uint32_t padded) {
  return kernels::Kernels().l2_rows(a, b, padded);
}

template <class Rows>
void EdgeMaker::Choose(const Rows& rows, std::span<const Candidate> candidates,
                       std::vector<Choice>& chosen) {
  const uint32_t lanes = layout_.lanes(), padded = layout_.padded();
  chosen.clear();
  chosen_high_.clear();
  superfluous_.assign(candidates.size(), 0);
  for (size_t i = 0; i < candidates.size() && chosen.size() < lanes; ++i) {
    auto high = reinterpret_cast<const uint16_t*>(rows.row_bytes(candidates[i].slot));
    if (i + 1 < candidates.size()) {
      PrefetchRow(rows.row_bytes(candidates[i + 1].slot), size_t{padded} * 2);
    }
    for (size_t c = chosen_high_.size(); c > 0 && superfluous_[i] == 0; --c) {
      const float between = HighDistance(chosen_high_[c - 1], high, padded);
      superfluous_[i] = rules_.alpha * between < candidates[i].distance ? 1 : 0;
    }
    if (superfluous_[i] != 0) continue;
    chosen.push_back({candidates[i], false});
    chosen_high_.push_back(high);
  }
  for (size_t i = 0; i < candidates.size() && chosen.size() < lanes; ++i) {
    if (superfluous_[i] != 0) chosen.push_back({candidates[i], true});
  }
}

template <class Rows>
void EdgeMaker::Write(const Rows& rows, const RowEdit& row, std::span<const Choice> choices) {
  row.Clear();
  ReadHigh(row.high(), owner_);
  for (uint32_t lane = 0; lane < choices.size(); ++lane) {
    WriteLane(rows, row, lane, choices[lane].candidate, choices[lane].filler);
  }
}

template <class Rows, class IndegreeFunction, class BetweenFunction>
uint32_t EdgeMaker::Offer(const Rows& rows, const RowEdit& row, uint32_t slot, float length,
                          IndegreeFunction indegree, BetweenFunction between) {
  const uint32_t lanes = layout_.lanes();
  const uint32_t* links = row.links();
  uint32_t empty = kNoSlot, filler = kNoSlot, covered = kNoSlot, farthest = kNoSlot;
  bool superfluous = false;
  uint64_t covered_lanes[4] = {};
  auto worse = [&](uint32_t& best, uint32_t lane) {
    if (best == kNoSlot || row.lengths[lane] > row.lengths[best]) best = lane;
  };
  for (uint32_t lane = 0; lane < lanes; ++lane) {
    const uint32_t other = links[lane];
    if (other == slot) return slot;
    if (other == kNoSlot) {
      empty = lane;
      continue;
    }
    const bool kept = indegree(other) < rules_.indegree_min;
    if (row.filler(lane)) {
      if (!kept && row.lengths[lane] > length) worse(filler, lane);
      continue;
    }
    const float apart = rules_.alpha * between(lane, other);
    if (row.lengths[lane] <= length) {
      superfluous |= apart < length;
    } else {
      if (!kept) worse(farthest, lane);
      if (apart < row.lengths[lane]) {
        covered_lanes[lane / 64] |= 1ull << (lane % 64);
        if (!kept) worse(covered, lane);
      }
    }
  }
  uint32_t lane = empty != kNoSlot ? empty : filler;
  if (!superfluous && lane == kNoSlot) lane = covered != kNoSlot ? covered : farthest;
  if (lane == kNoSlot) return slot;
  if (!superfluous) {
    for (uint32_t l = 0; l < lanes; ++l) {
      if ((covered_lanes[l / 64] >> (l % 64) & 1) != 0) row.SetFiller(l, true);
    }
  }
  const uint32_t lost = links[lane];
  SetLane(rows, row, lane, slot, length, superfluous);
  return lost;
}

template <class Rows, class IndegreeFunction>
uint32_t EdgeMaker::Force(const Rows& rows, const RowEdit& row, uint32_t slot, float length,
                          IndegreeFunction indegree) {
  uint32_t chosen = kNoSlot;
  for (uint32_t lane = 0; lane < layout_.lanes(); ++lane) {
    const uint32_t other = row.links()[lane];
    if (other == slot) return slot;
    if (other != kNoSlot && indegree(other) < rules_.indegree_min) continue;
    if (chosen == kNoSlot || other == kNoSlot || row.lengths[lane] > row.lengths[chosen]) {
      chosen = lane;
      if (other == kNoSlot) break;
    }
  }
  if (chosen == kNoSlot) return slot;
  const uint32_t lost = row.links()[chosen];
  SetLane(rows, row, chosen, slot, length, false);
  return lost;
}

}  // namespace iolite::vector::qg
