#include "iolite/vector/qg/arrival.h"

#include <algorithm>
#include <limits>

#include "iolite/vector/qg/live_graph.h"
#include "iolite/vector/qg/live_view.h"
#include "iolite/vector/qg/walk.h"

namespace iolite::vector::qg {
namespace {

// The nearest vertices that a walk meets, by squared distance.
Status FindCandidates(const RequestContext& context, const LiveView& view, uint32_t expansion,
                      const float* values, std::vector<Candidate>& candidates) {
  thread_local WalkRoom room;
  thread_local Query query;
  const Space& space = view.space();
  space.RowAsQuery(values, view.traits().length_max, query);
  room.BeginAt(view.entries().Nearest(query), expansion, view.slot_count());
  const float to_squared = space.products() ? 2 : 1;
  IOLITE_RETURN_IF_ERROR(
      Walk(context, view, view.layout(), space, query, room, [&](uint32_t slot, float distance) {
        if (view.id(slot) != kNoRow) candidates.push_back({distance * to_squared, slot});
        return std::numeric_limits<float>::infinity();
      }));
  std::sort(candidates.begin(), candidates.end(), IsNearer);
  if (candidates.size() > expansion) candidates.resize(expansion);
  return Status::Ok();
}

}  // namespace

Result<Arrival> Prepare(const RequestContext& context, const LiveGraph& graph, uint32_t id,
                        const float* values) {
  const Space& space = graph.space();
  Arrival arrival;
  arrival.id = id;
  arrival.values.resize(space.padded());
  space.RotateRow(values, arrival.values.data());
  space.Lift(graph.traits().length_max, arrival.values.data());
  const LiveView view(graph);
  if (view.entries().slots().empty()) return arrival;
  std::vector<Candidate> candidates;
  IOLITE_RETURN_IF_ERROR(
      FindCandidates(context, view, graph.header().expansion, arrival.values.data(), candidates));
  EdgeMaker(view.layout(), space, graph.rules()).Choose(view, candidates, arrival.choices);
  return arrival;
}

}  // namespace iolite::vector::qg
