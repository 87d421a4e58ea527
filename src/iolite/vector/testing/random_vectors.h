#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "iolite/vector/index.h"

namespace iolite::vector::testing {

/// Reproducible rows with the shape of embeddings, each of unit length when `normalised`.
std::vector<float> EmbeddingRows(uint64_t seed, size_t row_count, size_t dimension,
                                 bool normalised = true);

/// Independent values with mean 0 and standard deviation 1.
std::vector<float> GaussianRows(uint64_t seed, size_t row_count, size_t dimension);

/// Independent whole numbers from 0 to `largest`: for u8 and, with 1, for bits.
std::vector<float> WholeRows(uint64_t seed, size_t row_count, size_t dimension, int largest);

/// What a search must find, computed one pair at a time in f64.
std::vector<Neighbor> TrueNeighbors(Metric metric, std::span<const float> rows, size_t dimension,
                                    std::span<const float> query, size_t k,
                                    const columnar::RowSet* allowed = nullptr,
                                    const columnar::RowSet* hidden = nullptr);

/// The distance of one pair in f64.
double TrueDistance(Metric metric, std::span<const float> a, std::span<const float> b);

/// The share of `truth` that is in `found`; rows as near as the last true one count, too.
double Recall(std::span<const Neighbor> truth, std::span<const Neighbor> found);

}  // namespace iolite::vector::testing
