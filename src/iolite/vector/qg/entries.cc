#include "iolite/vector/qg/entries.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "iolite/vector/qg/edges.h"

namespace iolite::vector::qg {

// Codes of residuals from the mean: the same estimate as along an edge whose owner is the mean. The
// distance of the query to the mean is the same for all and left out.
Entries::Entries(const Vertices& vertices, const Space& space, std::span<const float> mean,
                 std::span<const uint32_t> slots)
    : slots_(slots.begin(), slots.end()), padded_(space.padded()) {
  const size_t blocks = (slots_.size() + kBlockLanes - 1) / kBlockLanes;
  codes_.assign(blocks * padded_ * 4, 0);
  add_.assign(blocks * kBlockLanes, std::numeric_limits<float>::infinity());
  rescale_.assign(blocks * kBlockLanes, 0.0f);
  std::vector<float> target(padded_);
  std::vector<uint32_t> words(padded_ / 32);
  for (size_t i = 0; i < slots_.size(); ++i) {
    vertices.ReadVector(slots_[i], vertices.row(slots_[i]).high(), target.data());
    const auto factors = CodeOf(space, mean.data(), target.data(), words.data());
    WriteCode(codes_.data() + i / kBlockLanes * padded_ * 4, i % kBlockLanes, words.data(),
              padded_);
    add_[i] = factors.add;
    rescale_[i] = factors.rescale;
  }
}

uint32_t Entries::Nearest(const Query& query, size_t count) const {
  count = std::min(count, slots_.size());
  size_t best = 0;
  float best_estimate = std::numeric_limits<float>::infinity();
  alignas(64) float estimates[kBlockLanes];
  for (size_t first = 0; first < count; first += kBlockLanes) {
    const kernels::ScanBlock block{codes_.data() + first / kBlockLanes * padded_ * 4,
                                   add_.data() + first, rescale_.data() + first};
    uint32_t below =
        kernels::Kernels().scan_block(query.table, block, padded_, 0, best_estimate, estimates);
    for (; below != 0; below &= below - 1) {
      const size_t lane = std::countr_zero(below);
      if (first + lane < count && estimates[lane] < best_estimate) {
        best_estimate = estimates[lane];
        best = first + lane;
      }
    }
  }
  return slots_[best];
}

}  // namespace iolite::vector::qg
