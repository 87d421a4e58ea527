#include "iolite/models/batches.h"

#include <algorithm>
#include <numeric>

namespace iolite::models {
namespace {

int32_t PaddedLength(int32_t length, const BatchLimits& limits) {
  const int32_t step = std::max(limits.length_step, 1);
  const int32_t rounded = (std::max(length, 1) + step - 1) / step * step;
  // A text without tokens still needs a column.
  return std::max({std::min(rounded, limits.length_max), length, 1});
}

}  // namespace

std::vector<Batch> PlanBatches(std::span<const uint32_t> offsets, const BatchLimits& limits) {
  const auto text_count = static_cast<uint32_t>(offsets.size() - 1);
  const auto length = [&](uint32_t text) { return offsets[text + 1] - offsets[text]; };
  std::vector<uint32_t> order(text_count);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return length(a) > length(b); });
  std::vector<Batch> batches;
  for (uint32_t begin = 0; begin < text_count;) {
    const int32_t padded = PaddedLength(static_cast<int32_t>(length(order[begin])), limits);
    const int32_t fitting =
        std::clamp(limits.padded_token_count_max / padded, 1, std::max(limits.text_count_max, 1));
    const uint32_t end = std::min(begin + static_cast<uint32_t>(fitting), text_count);
    batches.push_back({.texts = {order.begin() + begin, order.begin() + end}, .length = padded});
    begin = end;
  }
  return batches;
}

}  // namespace iolite::models
