#include "iolite/vector/testing/index_calls.h"

#include <algorithm>

namespace iolite::vector::testing {

std::string FileOf(Result<std::unique_ptr<VectorIndexBuilder>> builder, std::span<const float> rows,
                   int32_t dimension) {
  EXPECT_TRUE(builder.ok()) << builder.status().ToString();
  const RequestContext context;
  const auto width = static_cast<size_t>(dimension);
  const size_t count = rows.size() / width, half = count / 2;
  Status added = (*builder)->Add(context, rows.first(half * width), half);
  EXPECT_TRUE(added.ok()) << added.ToString();
  added = (*builder)->Add(context, rows.subspan(half * width), count - half);
  EXPECT_TRUE(added.ok()) << added.ToString();
  auto bytes = (*builder)->FinishInMemory(context);
  EXPECT_TRUE(bytes.ok()) << bytes.status().ToString();
  return std::move(bytes).value();
}

std::vector<Neighbor> Find(const VectorIndex& index, const VectorSearch& request) {
  std::vector<Neighbor> out(std::min<size_t>(request.k, index.row_count()));
  auto found = index.Search(RequestContext{}, request, out);
  EXPECT_TRUE(found.ok()) << found.status().ToString();
  out.resize(found.ok() ? *found : 0);
  return out;
}

bool Same(std::span<const Neighbor> a, std::span<const Neighbor> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.row == y.row && x.distance == y.distance;
  });
}

size_t CommonRows(std::span<const Neighbor> truth, std::span<const Neighbor> found) {
  return static_cast<size_t>(
      std::count_if(truth.begin(), truth.end(), [&](const Neighbor& neighbor) {
        return std::any_of(found.begin(), found.end(),
                           [&](const Neighbor& other) { return other.row == neighbor.row; });
      }));
}

}  // namespace iolite::vector::testing
