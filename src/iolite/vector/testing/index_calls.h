#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "iolite/vector/index_options.h"

// Calls that tests make of indexes. What must succeed is expected to: a failure fails the test that
// asked, and gives nothing.

namespace iolite::vector::testing {

/// The file that a builder writes of `rows`, `dimension` floats each. They come in two pieces, as a
/// stream would bring them.
std::string FileOf(Result<std::unique_ptr<VectorIndexBuilder>> builder, std::span<const float> rows,
                   int32_t dimension);

/// The index that `open` makes of `bytes`, which live as long as it does.
template <class Index>
std::unique_ptr<Index> Opened(Result<std::unique_ptr<Index>> (*open)(std::string_view,
                                                                     IndexOpenOptions),
                              std::string bytes, IndexOpenOptions options = {}) {
  auto kept = std::make_shared<const std::string>(std::move(bytes));
  options.keep_alive = kept;
  auto opened = open(*kept, std::move(options));
  EXPECT_TRUE(opened.ok()) << opened.status().ToString();
  return opened.ok() ? std::move(opened).value() : nullptr;
}

/// The neighbours that a search finds.
std::vector<Neighbor> Find(const VectorIndex& index, const VectorSearch& request);

/// Whether these are the same rows at the same distances, to the bit and in the same order.
bool Same(std::span<const Neighbor> a, std::span<const Neighbor> b);

/// How many of `truth` are in `found`, by row: for distances that are rounded in one of them.
size_t CommonRows(std::span<const Neighbor> truth, std::span<const Neighbor> found);

}  // namespace iolite::vector::testing
