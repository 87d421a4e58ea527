#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "iolite/vector/index.h"
#include "iolite/vector/internal/top_k.h"

namespace iolite::vector::internal {

/// Codes propose more rows than are wanted, exact distances decide. When answers are still found
/// among those that the codes hold to be as far as the second half of what was proposed, the codes
/// cannot tell the rows apart well enough and more are asked for; when many are, as among rows that
/// are all equally far, only comparing all of them is right.
class Proposals {
 public:
  /// `asked` begins with that many proposals; 0 with the usual.
  Proposals(size_t wanted, size_t candidates, size_t asked = 0)
      : count_(asked > 0 ? std::max(asked, wanted) : std::max(wanted * kPerRow, kMin)),
        candidates_(candidates),
        wanted_(wanted) {}

  /// Whether proposing is worth while: it leaves out most candidates.
  bool worthwhile() const { return count_ * 4 <= candidates_; }
  size_t count() const { return count_; }

  enum class Verdict { kSettled, kAskForMore, kCannotTell };
  /// What the answers in `top` say of the proposals they were taken from, nearest first by code.
  /// After kAskForMore, count() has grown.
  Verdict Judge(const TopK& top, std::span<const Neighbor> proposed) {
    const size_t late = LateAnswers(top, proposed);
    if (late == 0) return Verdict::kSettled;
    count_ *= kGrowth;
    return late > std::max<size_t>(1, wanted_ / 4) || !worthwhile() ? Verdict::kCannotTell
                                                                    : Verdict::kAskForMore;
  }

  /// How many of the answers are, by their codes, no nearer than the second half of what was
  /// proposed. By code and not by place: among rows whose codes are alike the place says nothing,
  /// and equal rows that were left out are as good as those proposed.
  static size_t LateAnswers(const TopK& top, std::span<const Neighbor> proposed) {
    if (proposed.empty()) return 0;
    const float half = proposed[proposed.size() / 2].distance;
    std::vector<uint32_t> late;
    for (auto at = proposed.rbegin(); at != proposed.rend() && !(at->distance < half); ++at) {
      late.push_back(at->row);
    }
    std::sort(late.begin(), late.end());
    return static_cast<size_t>(
        std::count_if(top.kept().begin(), top.kept().end(), [&](const Neighbor& neighbor) {
          return std::binary_search(late.begin(), late.end(), neighbor.row);
        }));
  }

 private:
  static constexpr size_t kPerRow = 8;
  static constexpr size_t kMin = 200;
  static constexpr size_t kGrowth = 6;

  size_t count_;
  size_t candidates_;
  size_t wanted_;
};

}  // namespace iolite::vector::internal
