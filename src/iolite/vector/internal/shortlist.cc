#include "iolite/vector/internal/shortlist.h"

#include <algorithm>

namespace iolite::vector::internal {

void Shortlist::Cut() {
  std::nth_element(kept_.begin(), kept_.begin() + static_cast<ptrdiff_t>(count_ - 1), kept_.end(),
                   ComesFirst);
  kept_.resize(count_);
  bound_ = kept_.back().distance;
}

std::vector<Neighbor> Shortlist::Finish() {
  if (kept_.size() > count_) Cut();
  std::sort(kept_.begin(), kept_.end(), ComesFirst);
  return std::move(kept_);
}

}  // namespace iolite::vector::internal
