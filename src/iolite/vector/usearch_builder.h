#pragma once

#include <memory>

#include "iolite/vector/index_options.h"

namespace iolite::vector {

/// Builds what UsearchIndex opens. Row i has key i and lies i-th in the file; links depend on how
/// threads met, with one thread on the rows alone.
///
/// Rows are kept as given: they need not be normalised for cosine. i8 keeps a row's direction only,
/// so inner product and L2 take i8 for rows of length 1.
Result<std::unique_ptr<VectorIndexBuilder>> MakeUsearchBuilder(const IndexBuildOptions& options);

}  // namespace iolite::vector
