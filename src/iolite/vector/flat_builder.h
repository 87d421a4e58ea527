#pragma once

#include <memory>

#include "iolite/vector/index_options.h"

namespace iolite::vector {

/// Builds what OpenFlatIndex opens (`.idx.flat`). The same rows give the same bytes for any number
/// of threads.
///
/// Cosine, inner product and L2 get codes: 1 bit a dimension, and `code_bits` of 4 or 8 as well.
/// Without `keep_vectors` the file has codes alone, of at least 4 bits: below 1 KB a row of
/// dimension 768. i8 keeps a row's direction only, so metrics other than cosine take i8 for rows
/// of length 1.
///
/// Memory: the rows as elements, and codes of 2 * (dimension / 8 + 8) bytes a row, or with those of
/// 8 bits 1.25 * dimension + 24.
Result<std::unique_ptr<VectorIndexBuilder>> MakeFlatBuilder(const IndexBuildOptions& options);

}  // namespace iolite::vector
