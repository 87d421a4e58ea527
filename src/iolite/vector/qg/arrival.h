#pragma once

#include <cstdint>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/vector/qg/edges.h"

namespace iolite::vector::qg {

class LiveGraph;

/// A row on its way into a graph: its vector as it is kept, and the vertices it may be linked to,
/// as they were when it was prepared.
struct Arrival {
  uint32_t id = kNoRow;
  std::vector<float> values;
  std::vector<EdgeMaker::Choice> choices;
};

/// Finds the neighbours of a new row. Reads the graph as a search does: what takes time is done
/// while others change it.
Result<Arrival> Prepare(const RequestContext& context, const LiveGraph& graph, uint32_t id,
                        const float* values);

}  // namespace iolite::vector::qg
