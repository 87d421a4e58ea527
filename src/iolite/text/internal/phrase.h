#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/status.h"
#include "iolite/text/internal/part_reader.h"

namespace iolite::text::internal {

/// How often a phrase occurs, given where each of its words does, ascending. `offsets` say where
/// the words stand in the phrase. An occurrence whose words lie `moves` apart from there counts 1 /
/// (1 + moves); more than `slop` does not count.
float CountPhrase(std::span<const std::vector<uint32_t>> positions,
                  std::span<const uint32_t> offsets, int32_t slop);

struct PhraseRow {
  uint32_t row = 0;
  float count = 0;
};

/// The rows in which a phrase occurs; `entries` are those of its words, in order.
Result<std::vector<PhraseRow>> FindPhrase(const RequestContext& context, const PartReader& part,
                                          std::span<const TermEntry> entries,
                                          std::span<const uint32_t> offsets, int32_t slop);

}  // namespace iolite::text::internal
