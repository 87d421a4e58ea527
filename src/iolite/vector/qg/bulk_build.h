#pragma once

#include <cstdint>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/executor.h"
#include "iolite/base/progress.h"
#include "iolite/vector/qg/edges.h"
#include "iolite/vector/qg/entries.h"
#include "iolite/vector/qg/space.h"
#include "iolite/vector/qg/vertices.h"

namespace iolite::vector::qg {

/// How to link many vertices at once.
struct BulkOptions {
  uint32_t slot_count = 0;
  /// Candidates a vertex' neighbours are chosen from.
  uint32_t expansion = 200;
  EdgeRules rules;
  uint64_t seed = 0;
  /// The length all rows were given, for inner product.
  float length_max = 0;
  Executor* executor = &Executor::Inline();
  ProgressFunction progress;
};

/// Links vertices whose vectors are all there. In an order drawn from the seed, batches that are
/// small beside what stands already are searched in the graph so far, each by itself, then put in
/// together: so the graph is the same for any number of threads.
///
/// `entries` are the first slots of that order, see BulkEntrySlots. Returns the rules that suited
/// the data, for later changes.
Result<EdgeRules> LinkAll(const RequestContext& context, const BulkOptions& options,
                          const Space& space, const Entries& entries, Vertices& vertices);

/// The slots from which walks of a bulk build start.
std::vector<uint32_t> BulkEntrySlots(uint32_t slot_count, uint64_t seed);

}  // namespace iolite::vector::qg
