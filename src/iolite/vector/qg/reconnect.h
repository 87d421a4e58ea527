#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/executor.h"
#include "iolite/vector/qg/edges.h"
#include "iolite/vector/qg/entries.h"
#include "iolite/vector/qg/space.h"
#include "iolite/vector/qg/vertices.h"
#include "iolite/vector/qg/walk.h"

namespace iolite::vector::qg {

struct ReconnectOptions {
  uint32_t slot_count = 0;
  EdgeRules rules;
  /// The length all rows were given, for inner product.
  float length_max = 0;
  Executor* executor = &Executor::Inline();
};

/// Whether a small walk towards a slot's own vector meets it. `values` has the vector; `met` gets
/// the nearest of those that were met, the nearest first and by squared distance, when it does not.
template <class Rows>
Result<bool> IsMet(const RequestContext& context, const Rows& rows, const Layout& layout,
                   const Space& space, const Entries& entries, float length_max, uint32_t slot,
                   const float* values, std::vector<Candidate>& met) {
  constexpr uint32_t kPool = 24;
  constexpr size_t kKept = 16;
  thread_local WalkRoom room;
  thread_local Query query;
  space.RowAsQuery(values, length_max, query);
  room.BeginAt(entries.Nearest(query), kPool, rows.slot_count());
  met.clear();
  bool found = false;
  const float to_squared = space.products() ? 2 : 1;
  IOLITE_RETURN_IF_ERROR(
      Walk(context, rows, layout, space, query, room, [&](uint32_t at, float distance) {
        found |= at == slot;
        met.push_back({distance * to_squared, at});
        return (found ? -1 : 1) * std::numeric_limits<float>::infinity();
      }));
  std::sort(met.begin(), met.end(), IsNearer);
  met.resize(std::min(met.size(), kKept));
  return found;
}

/// Makes rows findable. A row that a small walk towards its own vector does not meet stands in a
/// part of the data that few edges lead into, and queries near it end elsewhere: the rows where
/// that walk ended get edges to it. (On MNIST one row in eighty; queries that found nothing right
/// became a quarter as many.)
///
/// `indegree` says how many edges lead to each slot, and is kept up. The result is the same for any
/// number of threads. Costs a search for each row, and another for each that was not met or lost an
/// edge to one that was not.
Status Reconnect(const RequestContext& context, const ReconnectOptions& options, const Space& space,
                 const Entries& entries, Vertices& vertices, std::span<uint32_t> indegree);

}  // namespace iolite::vector::qg
