#pragma once

#include <span>

#include "iolite/base/executor.h"
#include "iolite/vector/flat/file.h"

namespace iolite::vector::flat {

/// Whether queries with these settings read the codes, and gain from reading them together.
bool ReadsTogether(const File& file, const VectorSearch& request,
                   const internal::Survivors& survivors);

/// VectorIndex::SearchBatch where ReadsTogether: each block of codes is read once for several
/// queries. The answers are those of single searches, to the bit.
Status SearchTogether(const RequestContext& context, Executor& executor, const File& file,
                      std::span<const float> queries, const VectorSearch& request,
                      internal::Survivors& survivors, std::span<Neighbor> out,
                      std::span<size_t> counts);

}  // namespace iolite::vector::flat
