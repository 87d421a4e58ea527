#include "iolite/vector/qg/walk.h"

namespace iolite::vector::qg {
namespace {

// What the widest set reads at once.
constexpr size_t kRegisterFloats = 16;

}  // namespace

void WalkRoom::BeginAt(uint32_t start, size_t ef, uint32_t slot_count) {
  // Few marks are taken back one by one, many all at once.
  if (mark_count_ * 8 < marked_.size()) {
    for (size_t i = 0; i < mark_count_; ++i) marked_[marks_[i] / 64] = 0;
  } else {
    std::fill(marked_.begin(), marked_.end(), 0);
  }
  mark_count_ = 0;
  ReserveMarks(1);
  const size_t words = (static_cast<size_t>(slot_count) + 63) / 64;
  if (marked_.size() < words) marked_.resize(words);
  if (slots_.size() < ef) {
    slots_.resize(ef);
    distances_.resize(ef + kRegisterFloats);
  }
  pool_size_ = ef;
  size_ = next_ = 0;
  bound_ = std::numeric_limits<float>::infinity();
  // The first place is taken whatever its distance.
  Mark(start);
  Candidate first{0, start};
  Push({&first, 1});
}

// All ranks are found before anything moves, so that each place moves once, and no wide load waits
// for a narrow store.
void WalkRoom::Push(std::span<Candidate> found) {
  for (size_t i = 1; i < found.size(); ++i) {
    const Candidate candidate = found[i];
    size_t at = i;
    for (; at > 0 && found[at - 1].distance > candidate.distance; --at) found[at] = found[at - 1];
    found[at] = candidate;
  }
  size_t ranks[kBlockLanes];
  size_t taken = 0;
  for (; taken < found.size(); ++taken) {
    ranks[taken] = rank_(distances_.data(), size_, found[taken].distance);
    if (ranks[taken] + taken >= pool_size_) break;
  }
  if (taken == 0) return;
  size_t end = std::min(size_, pool_size_ - taken);
  size_ = end + taken;
  for (size_t i = taken; i-- > 0;) {
    const size_t place = ranks[i] + i;
    if (end > ranks[i]) {
      const size_t moved = end - ranks[i];
      std::memmove(&distances_[place + 1], &distances_[ranks[i]], moved * sizeof(float));
      std::memmove(&slots_[place + 1], &slots_[ranks[i]], moved * sizeof(uint32_t));
      end = ranks[i];
    }
    distances_[place] = found[i].distance;
    slots_[place] = found[i].slot;
  }
  next_ = std::min(next_, ranks[0]);
  if (size_ == pool_size_) bound_ = distances_[size_ - 1];
}

}  // namespace iolite::vector::qg
