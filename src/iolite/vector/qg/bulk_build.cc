#include "iolite/vector/qg/bulk_build.h"

#include <algorithm>
#include <atomic>
#include <numeric>

#include "iolite/base/random.h"
#include "iolite/vector/qg/walk.h"

namespace iolite::vector::qg {
namespace {

// A batch is at most this share of what stands already, and of all.
constexpr uint32_t kBatchOfLinked = 16;
constexpr uint32_t kBatchOfAll = 64;
constexpr uint32_t kBatchMax = 4096;
// From this many vertices on, alpha follows what is found.
constexpr uint32_t kAdaptFrom = 4096;
constexpr double kFillersMin = 0.12, kFillersMax = 0.22;
constexpr float kAlphaMin = 1.04f, kAlphaMax = 1.22f, kAlphaStep = 0.02f;
// Vertices that one piece of work takes.
constexpr uint32_t kPiece = 8;

std::vector<uint32_t> Order(uint32_t slot_count, uint64_t seed) {
  std::vector<uint32_t> order(slot_count);
  std::iota(order.begin(), order.end(), 0u);
  auto random = Random::Seeded(seed);
  for (uint32_t i = slot_count; i > 1; --i) {
    std::swap(order[i - 1], order[random->NextBelow(i)]);
  }
  return order;
}

// A new vertex asks for an edge of `target`.
struct Request {
  uint32_t target;
  uint32_t slot;
  float length;
};

// What some new vertices ask for, and how many of their edges only fill their rows.
struct Found {
  std::vector<Request> requests;
  size_t fillers = 0;
};

class BulkLinker {
 public:
  BulkLinker(const RequestContext& context, const BulkOptions& options, const Space& space,
             const Entries& entries, Vertices& vertices)
      : context_(context),
        options_(options),
        space_(space),
        entries_(entries),
        vertices_(vertices),
        rows_{vertices, options.slot_count},
        order_(Order(options.slot_count, options.seed)),
        rules_(options.rules),
        indegree_(options.slot_count, 0) {}

  Status Run();
  const EdgeRules& rules() const { return rules_; }

 private:
  Status LinkBatch(uint32_t begin, uint32_t end);
  Status FindNeighbours(uint32_t at, uint32_t linked, Found& found);
  void Rescue(uint32_t begin, uint32_t end);
  void AdaptRules(size_t edges, size_t fillers);
  void Grant(std::span<const Request> requests, std::vector<uint32_t>& lost);

  const RequestContext& context_;
  const BulkOptions& options_;
  const Space& space_;
  const Entries& entries_;
  Vertices& vertices_;
  const OwnRows rows_;
  const std::vector<uint32_t> order_;
  EdgeRules rules_;
  std::vector<uint32_t> indegree_;
};

Status BulkLinker::Run() {
  if (options_.slot_count == 0) return Status::Ok();
  vertices_.Edit(order_[0]).Clear();
  for (uint32_t done = 1; done < options_.slot_count;) {
    const uint32_t batch = std::clamp(
        std::min(done / kBatchOfLinked, options_.slot_count / kBatchOfAll), 1u, kBatchMax);
    const uint32_t end = std::min(options_.slot_count, done + batch);
    IOLITE_RETURN_IF_ERROR(LinkBatch(done, end));
    done = end;
    if (options_.progress) options_.progress(Progress{done, options_.slot_count});
  }
  return Status::Ok();
}

Status BulkLinker::LinkBatch(uint32_t begin, uint32_t end) {
  const size_t pieces = (end - begin + kPiece - 1) / kPiece;
  std::vector<Found> found(pieces);
  IOLITE_RETURN_IF_ERROR(
      options_.executor->ParallelFor(context_, pieces, [&](size_t piece) -> Status {
        const uint32_t first = begin + static_cast<uint32_t>(piece) * kPiece;
        for (uint32_t at = first; at < std::min(end, first + kPiece); ++at) {
          IOLITE_RETURN_IF_ERROR(FindNeighbours(at, begin, found[piece]));
        }
        return Status::Ok();
      }));
  std::vector<Request> requests;
  size_t fillers = 0;
  for (const Found& some : found) {
    requests.insert(requests.end(), some.requests.begin(), some.requests.end());
    fillers += some.fillers;
  }
  for (const Request& request : requests) ++indegree_[request.target];
  std::stable_sort(requests.begin(), requests.end(),
                   [](const Request& a, const Request& b) { return a.target < b.target; });
  // Pieces begin where a target's requests do.
  std::vector<size_t> starts;
  for (size_t i = 0; i < requests.size();) {
    starts.push_back(i);
    i = std::min(requests.size(), i + 64);
    while (i < requests.size() && requests[i].target == requests[i - 1].target) ++i;
  }
  starts.push_back(requests.size());
  std::vector<std::vector<uint32_t>> lost(starts.size() - 1);
  IOLITE_RETURN_IF_ERROR(
      options_.executor->ParallelFor(context_, lost.size(), [&](size_t piece) -> Status {
        Grant(std::span(requests).subspan(starts[piece], starts[piece + 1] - starts[piece]),
              lost[piece]);
        return Status::Ok();
      }));
  // Counts change between batches only, so that threads decide on the same ones.
  for (const Request& request : requests) ++indegree_[request.slot];
  for (const auto& some : lost) {
    for (uint32_t slot : some) --indegree_[slot];
  }
  Rescue(begin, end);
  if (begin >= kAdaptFrom) AdaptRules(requests.size(), fillers);
  return Status::Ok();
}

// A vertex that nobody took as a neighbour could never be found: its nearest neighbour that can
// spare an edge takes it.
void BulkLinker::Rescue(uint32_t begin, uint32_t end) {
  EdgeMaker edges(vertices_.layout(), space_, rules_);
  auto indegree = [&](uint32_t other) { return indegree_[other]; };
  for (uint32_t at = begin; at < end; ++at) {
    const uint32_t slot = order_[at];
    if (indegree_[slot] > 0) continue;
    const RowEdit own = vertices_.Edit(slot);
    for (uint32_t lane = 0; lane < vertices_.layout().lanes(); ++lane) {
      const uint32_t target = own.links()[lane];
      if (target == kNoSlot) break;
      const uint32_t lost =
          edges.Force(rows_, vertices_.Edit(target), target, slot, own.lengths[lane], indegree);
      if (lost == slot) continue;
      ++indegree_[slot];
      if (lost != kNoSlot) --indegree_[lost];
      break;
    }
  }
}

// Data of low intrinsic dimension makes most candidates superfluous at an alpha that suits text:
// then rows are filled with edges that lead nowhere new. So alpha follows the share of fillers. One
// value serves all rows of a batch, and depends on what was found only, not on who found it.
void BulkLinker::AdaptRules(size_t edges, size_t fillers) {
  const double share =
      static_cast<double>(fillers) / static_cast<double>(std::max<size_t>(1, edges));
  if (share > kFillersMax) rules_.alpha = std::min(kAlphaMax, rules_.alpha + kAlphaStep);
  if (share < kFillersMin) rules_.alpha = std::max(kAlphaMin, rules_.alpha - kAlphaStep);
}

// `linked` of the order are in the graph already; the others may be written to meanwhile.
Status BulkLinker::FindNeighbours(uint32_t at, uint32_t linked, Found& found) {
  thread_local WalkRoom room;
  thread_local Query query;
  thread_local std::vector<float> own;
  thread_local std::vector<Candidate> candidates;
  thread_local std::vector<EdgeMaker::Choice> chosen;
  const uint32_t slot = order_[at];
  const Layout& layout = vertices_.layout();
  own.resize(layout.padded());
  vertices_.ReadVector(slot, vertices_.row(slot).high(), own.data());
  space_.RowAsQuery(own.data(), options_.length_max, query);
  room.Begin(options_.expansion, options_.slot_count);
  const uint32_t start = entries_.Nearest(query, linked);
  room.Mark(start);
  Candidate first{0, start};
  room.Push({&first, 1});
  candidates.clear();
  const float to_squared = space_.products() ? 2 : 1;
  IOLITE_RETURN_IF_ERROR(
      Walk(context_, rows_, layout, space_, query, room, [&](uint32_t met, float distance) {
        candidates.push_back({distance * to_squared, met});
        return std::numeric_limits<float>::infinity();
      }));
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.distance < b.distance || (a.distance == b.distance && a.slot < b.slot);
  });
  if (candidates.size() > options_.expansion) candidates.resize(options_.expansion);
  EdgeMaker edges(vertices_.layout(), space_, rules_);
  edges.Choose(rows_, candidates, chosen);
  edges.Write(rows_, vertices_.Edit(slot), own.data(), chosen);
  for (const auto& choice : chosen) {
    found.requests.push_back({choice.candidate.slot, slot, choice.candidate.distance});
    found.fillers += choice.filler ? 1 : 0;
  }
  return Status::Ok();
}

void BulkLinker::Grant(std::span<const Request> requests, std::vector<uint32_t>& lost) {
  EdgeMaker edges(vertices_.layout(), space_, rules_);
  for (const Request& request : requests) {
    const uint32_t slot =
        edges.Offer(rows_, vertices_.Edit(request.target), request.target, request.slot,
                    request.length, [&](uint32_t other) { return indegree_[other]; });
    if (slot != kNoSlot) lost.push_back(slot);
  }
}

}  // namespace

std::vector<uint32_t> BulkEntrySlots(uint32_t slot_count, uint64_t seed) {
  auto order = Order(slot_count, seed);
  order.resize(std::min(slot_count, Entries::kCountMax));
  return order;
}

Result<EdgeRules> LinkAll(const RequestContext& context, const BulkOptions& options,
                          const Space& space, const Entries& entries, Vertices& vertices) {
  BulkLinker linker(context, options, space, entries, vertices);
  IOLITE_RETURN_IF_ERROR(linker.Run());
  return linker.rules();
}

}  // namespace iolite::vector::qg
