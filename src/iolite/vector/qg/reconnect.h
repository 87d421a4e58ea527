#pragma once

#include <cstdint>
#include <span>

#include "iolite/base/context.h"
#include "iolite/base/executor.h"
#include "iolite/vector/qg/edges.h"
#include "iolite/vector/qg/entries.h"
#include "iolite/vector/qg/space.h"
#include "iolite/vector/qg/vertices.h"

namespace iolite::vector::qg {

struct ReconnectOptions {
  uint32_t slot_count = 0;
  EdgeRules rules;
  /// The length all rows were given, for inner product.
  float length_max = 0;
  Executor* executor = &Executor::Inline();
};

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
