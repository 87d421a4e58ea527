#include "iolite/vector/qg/live_view.h"

#include <algorithm>
#include <numeric>

namespace iolite::vector::qg {

// Codes of different extents lie anywhere: each is a run of one for the kernel.
void LiveView::Estimate(const kernels::SignQuery& query, const uint32_t* slots, size_t count,
                        float* estimates) const {
  constexpr size_t kRun = 256;
  const char* runs[kRun];
  uint32_t order[kRun];
  std::iota(order, order + kRun, 0u);
  for (size_t first = 0; first < count; first += kRun) {
    const size_t now = std::min(kRun, count - first);
    for (size_t i = 0; i < now; ++i) runs[i] = graph_.vertices().signs(slots[first + i]);
    const kernels::SignRows rows{runs, 0, 0, layout().signs().bytes, layout().sign_bits()};
    kernels::Kernels().sign_estimates(query, rows, order, now, estimates + first);
  }
}

}  // namespace iolite::vector::qg
