#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/status.h"
#include "iolite/text/internal/part_reader.h"

namespace iolite::text::internal {

/// Calls `visit` for each occurrence of a phrase, given where each of its words occurs, ascending:
/// with the places of its words in these, and by how many moves they lie apart from where `offsets`
/// say that they stand in the phrase, at most `slop`.
void ForEachPhrase(std::span<const std::vector<uint32_t>> positions,
                   std::span<const uint32_t> offsets, int32_t slop,
                   const std::function<void(std::span<const size_t> places, int64_t moves)>& visit);

/// How often a phrase occurs: each occurrence counts 1 / (1 + moves).
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
