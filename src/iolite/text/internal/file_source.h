#pragma once

#include <memory>
#include <span>

#include "iolite/text/internal/part_reader.h"
#include "iolite/text/internal/term_source.h"

namespace iolite::text::internal {

/// A row that is not to be written.
inline constexpr uint32_t kRowGone = UINT32_MAX;

/// The lists of a part of a file, whose row i becomes rows[i], or stays i where `rows` is empty.
/// Where new numbers do not ascend, the rows of a term are sorted in memory. `part` and `rows` must
/// live as long.
std::unique_ptr<TermSource> OpenFileSource(const PartReader& part, bool positions,
                                           std::span<const uint32_t> rows);

}  // namespace iolite::text::internal
