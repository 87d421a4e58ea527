#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/text/index.h"
#include "iolite/text/internal/part_reader.h"

namespace iolite::text::internal {

/// What the length of a row's text does to its scores: k1 * (1 - b + b * length / average), in
/// units of the part.
struct Norms {
  std::vector<float> by_code;
  std::array<float, kBoundLengthsMax> by_bound{};  ///< for lengths no longer than a row's
  const uint8_t* codes = nullptr;
  size_t width = 1;

  float Of(uint32_t row) const {
    uint32_t code = 0;
    std::memcpy(&code, codes + width * row, width);
    return code < by_code.size() ? by_code[code] : 0;
  }
  /// Of `count` rows.
  void Gather(const uint32_t* rows, size_t count, float* norms) const;
};

/// kDataLoss when the lengths are damaged.
Result<std::shared_ptr<const Norms>> MakeNorms(const PartReader& part, const Bm25& bm25,
                                               double unit, double average_length);

/// 1 + the whole part of weight * tf / (tf + norm): scores are whole numbers, so that sums do not
/// depend on their order.
inline int32_t ScoreOf(float tf, float norm, float weight) {
  return 1 + static_cast<int32_t>(weight * (tf / (tf + norm)));
}
/// At least the score of every row that a frontier speaks of.
int32_t BoundOf(const Frontier& frontier, const Norms& norms, float weight);

}  // namespace iolite::text::internal
