#pragma once

#include <memory>

#include "iolite/vector/index_options.h"

namespace iolite::vector {

/// Builds what QgIndex opens: a quantized graph. The file is the same for any number of threads.
///
/// Of the options, `connectivity` says how many neighbours a row keeps, 32 up to 32 of them and
/// else the next multiple of 32; `expansion_add` how many candidates each is chosen from. f32 keeps
/// the vectors whole, bf16 rounds them. Rows need not be normalised for cosine.
///
/// Memory: drawn from the options' budget, about 10 bytes a dimension and 700 bytes for each row.
/// kInvalidArgument for an element type that the kind does not have.
Result<std::unique_ptr<VectorIndexBuilder>> MakeQgBuilder(const IndexBuildOptions& options);

}  // namespace iolite::vector
