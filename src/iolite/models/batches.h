#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace iolite::models {

/// Texts that run together, padded to one length.
struct Batch {
  std::vector<uint32_t> texts;  ///< places in the input
  int32_t length = 0;           ///< padded tokens of each
};

struct BatchLimits {
  int32_t padded_token_count_max = 0;  ///< a longer text runs alone
  int32_t text_count_max = 0;
  int32_t length_step = 1;  ///< lengths are rounded up to it, so that few shapes occur
  int32_t length_max = 0;   ///< what rounding must not pass
};

/// Forms batches of texts of nearly the same length, longest first, so that little is padding and
/// the last batches to run are small. Text i has tokens [offsets[i], offsets[i + 1]).
std::vector<Batch> PlanBatches(std::span<const uint32_t> offsets, const BatchLimits& limits);

}  // namespace iolite::models
