#include "iolite/vector/qg/entries.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "iolite/vector/qg/edges.h"

namespace iolite::vector::qg {
namespace {

constexpr size_t kBlocks = Entries::kCountMax / kBlockLanes;

}  // namespace

// Codes of residuals from the mean: the same estimate as along an edge whose owner is the mean. The
// distance of the query to the mean is the same for all and left out.
Entries::Entries(const Vertices& vertices, const Space& space, std::span<const float> mean,
                 std::span<const uint32_t> slots)
    : Entries(space.padded()) {
  std::vector<float> values(padded_);
  for (size_t i = 0; i < slots.size(); ++i) {
    vertices.ReadVector(slots[i], vertices.row(slots[i]).high(), values.data());
    Set(i, slots[i], space, mean, values);
  }
}

Entries::Entries(uint32_t padded)
    : padded_(padded),
      codes_(kBlocks * padded * 4, 0),
      add_(kCountMax, std::numeric_limits<float>::infinity()),
      rescale_(kCountMax, 0.0f) {}

void Entries::Set(size_t place, uint32_t slot, const Space& space, std::span<const float> mean,
                  std::span<const float> values) {
  std::vector<uint32_t> words(padded_ / 32);
  const CodeFactors factors = CodeOf(space, mean.data(), values.data(), words.data());
  WriteCode(codes_.data() + place / kBlockLanes * padded_ * 4, place % kBlockLanes, words.data(),
            padded_);
  add_[place] = factors.add;
  rescale_[place] = factors.rescale;
  if (place == slots_.size()) slots_.push_back(slot);
  slots_[place] = slot;
}

void Entries::Remove(size_t place) {
  const size_t last = slots_.size() - 1;
  std::vector<uint32_t> words(padded_ / 32, 0);
  ReadCode(codes_.data() + last / kBlockLanes * padded_ * 4, last % kBlockLanes, padded_,
           words.data());
  WriteCode(codes_.data() + place / kBlockLanes * padded_ * 4, place % kBlockLanes, words.data(),
            padded_);
  add_[place] = add_[last];
  rescale_[place] = rescale_[last];
  slots_[place] = slots_[last];
  add_[last] = std::numeric_limits<float>::infinity();
  rescale_[last] = 0;
  slots_.pop_back();
}

size_t Entries::BytesFor(uint32_t padded) { return kBlocks * padded * 4 + kCountMax * 8; }

std::string Entries::Encode() const {
  std::string bytes(reinterpret_cast<const char*>(codes_.data()), codes_.size());
  bytes.append(reinterpret_cast<const char*>(add_.data()), kCountMax * 4);
  bytes.append(reinterpret_cast<const char*>(rescale_.data()), kCountMax * 4);
  return bytes;
}

Entries Entries::Decode(std::string_view bytes, uint32_t padded, std::span<const uint32_t> slots) {
  Entries entries;
  entries.slots_.assign(slots.begin(), slots.end());
  entries.padded_ = padded;
  entries.codes_.resize(kBlocks * padded * 4);
  entries.add_.resize(kCountMax);
  entries.rescale_.resize(kCountMax);
  std::memcpy(entries.codes_.data(), bytes.data(), entries.codes_.size());
  bytes.remove_prefix(entries.codes_.size());
  std::memcpy(entries.add_.data(), bytes.data(), kCountMax * 4);
  std::memcpy(entries.rescale_.data(), bytes.data() + kCountMax * 4, kCountMax * 4);
  return entries;
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
