#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

#include "iolite/vector/index.h"

namespace iolite::vector::internal {

/// Nearer first, the lower row among equals: the order of every answer.
inline constexpr auto ComesFirst = [](const Neighbor& a, const Neighbor& b) {
  return a.distance < b.distance || (a.distance == b.distance && a.row < b.row);
};

/// The k best of what is offered, kept as a heap in the caller's memory.
class TopK {
 public:
  TopK(std::span<Neighbor> room, std::optional<float> distance_max)
      : room_(room), farthest_(distance_max.value_or(std::numeric_limits<float>::infinity())) {
    Clear();
  }

  /// Forgets what was offered.
  void Clear() {
    size_ = 0;
    bound_ = room_.empty() ? -std::numeric_limits<float>::infinity() : farthest_;
  }

  /// Nothing farther than this can enter. Equal distances may, by row.
  float bound() const { return bound_; }
  size_t size() const { return size_; }
  /// What is kept, in no order before Finish.
  std::span<const Neighbor> kept() const { return room_.first(size_); }

  void Offer(uint32_t row, float distance) {
    // Damaged rows may give NaN: they come last instead of breaking the order.
    if (std::isnan(distance)) distance = std::numeric_limits<float>::infinity();
    if (distance > bound_ || room_.empty()) return;
    const Neighbor candidate{row, distance};
    if (size_ < room_.size()) {
      room_[size_++] = candidate;
      std::push_heap(room_.begin(), room_.begin() + size_, ComesFirst);
    } else if (ComesFirst(candidate, room_.front())) {
      std::pop_heap(room_.begin(), room_.end(), ComesFirst);
      room_.back() = candidate;
      std::push_heap(room_.begin(), room_.end(), ComesFirst);
    }
    if (size_ == room_.size()) bound_ = std::min(bound_, room_.front().distance);
  }

  /// `name(i)` says which row distances[i] belongs to.
  template <class NameFunction>
  void OfferMany(std::span<const float> distances, NameFunction name) {
    for (size_t i = 0; i < distances.size(); ++i) {
      if (!(distances[i] > bound_)) Offer(name(i), distances[i]);
    }
  }

  /// Sorts, and returns how many there are.
  size_t Finish() {
    std::sort_heap(room_.begin(), room_.begin() + size_, ComesFirst);
    return size_;
  }

 private:
  std::span<Neighbor> room_;
  float farthest_;
  size_t size_ = 0;
  float bound_ = 0;
};

}  // namespace iolite::vector::internal
