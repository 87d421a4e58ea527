#pragma once

#include <cstdint>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/vector/index.h"
#include "iolite/vector/internal/usearch_file.h"

namespace iolite::vector::internal {

/// What a walk over the graph is asked for. `query` has the file's element type.
struct WalkRequest {
  const void* query = nullptr;
  size_t ef = 64;
  /// One bit a row that may appear in the answer; null for all. Others are passed through.
  const uint64_t* allowed = nullptr;
  /// The share of rows that is allowed. A walk gives up when it meets less than half of that: it is
  /// among rows that the filter turns away.
  double share = 1;
  /// … and after this many distances.
  size_t visited_max = SIZE_MAX;
};

/// What it found: the ef nearest it met among those allowed, nearest first, by the file's elements.
struct WalkResult {
  std::vector<Neighbor> found;
  size_t visited = 0;
  bool gave_up = false;
};

/// Walks the graph. kDataLoss when a vertex links to nowhere.
Status Walk(const RequestContext& context, const UsearchFile& file, const WalkRequest& request,
            WalkResult& result);

}  // namespace iolite::vector::internal
