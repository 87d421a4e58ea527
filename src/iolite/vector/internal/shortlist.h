#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "iolite/vector/index.h"
#include "iolite/vector/internal/top_k.h"

namespace iolite::vector::internal {

/// Collects the `count` rows that look nearest, by estimate and then by row. Cheaper than TopK for
/// hundreds: they are sorted out in bulk.
class Shortlist {
 public:
  explicit Shortlist(size_t count) : count_(count) { kept_.reserve(2 * count + kSlack); }

  /// Nothing at this distance or farther is taken. Rows come in ascending order, so equals do not
  /// displace each other.
  float bound() const { return bound_; }
  void Offer(uint32_t row, float estimate) {
    kept_.push_back({row, estimate});
    if (kept_.size() == 2 * count_ + kSlack) Cut();
  }
  /// Nearest first. The collection is spent.
  std::vector<Neighbor> Finish();

 private:
  static constexpr size_t kSlack = 64;
  void Cut();

  const size_t count_;
  float bound_ = std::numeric_limits<float>::infinity();
  std::vector<Neighbor> kept_;
};

}  // namespace iolite::vector::internal
