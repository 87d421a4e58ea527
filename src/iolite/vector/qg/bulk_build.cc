#include "iolite/vector/qg/bulk_build.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <numeric>

#include "iolite/base/random.h"
#include "iolite/vector/qg/reconnect.h"
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
constexpr float kAlphaMin = 1.04f, kAlphaMax = 1.3f, kAlphaStep = 0.02f;
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

// A new vertex asks for an edge of `target`; how far it is from the target's neighbours, by lane,
// stands in `Found::between` from `between_at` on.
struct Request {
  uint32_t target;
  uint32_t slot;
  float length;
  uint32_t piece;
  uint32_t between_at;
};

// What the new vertices of a piece of work ask for, and how many of their edges only fill their
// rows.
struct Found {
  std::vector<Request> requests;
  std::vector<float> between;
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
  std::span<uint32_t> indegree() { return indegree_; }

 private:
  Status LinkBatch(uint32_t begin, uint32_t end);
  Status FindNeighbours(uint32_t at, uint32_t linked, uint32_t piece, Found& found);
  void AddEstimates(const Query& query, const Candidate& target, std::vector<float>& between) const;
  void Rescue(uint32_t begin, uint32_t end);
  void AdaptRules(size_t edges, size_t fillers);
  void Grant(std::span<const Request> requests, std::span<const Found> found,
             std::vector<uint32_t>& lost);

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
          IOLITE_RETURN_IF_ERROR(
              FindNeighbours(at, begin, static_cast<uint32_t>(piece), found[piece]));
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
        Grant(std::span(requests).subspan(starts[piece], starts[piece + 1] - starts[piece]), found,
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
          edges.Force(rows_, vertices_.Edit(target), slot, own.lengths[lane], indegree);
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
Status BulkLinker::FindNeighbours(uint32_t at, uint32_t linked, uint32_t piece, Found& found) {
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
  room.BeginAt(entries_.Nearest(query, linked), options_.expansion, options_.slot_count);
  candidates.clear();
  const float to_squared = space_.products() ? 2 : 1;
  IOLITE_RETURN_IF_ERROR(
      Walk(context_, rows_, layout, space_, query, room, [&](uint32_t met, float distance) {
        candidates.push_back({distance * to_squared, met});
        return std::numeric_limits<float>::infinity();
      }));
  std::sort(candidates.begin(), candidates.end(), IsNearer);
  if (candidates.size() > options_.expansion) candidates.resize(options_.expansion);
  EdgeMaker edges(vertices_.layout(), space_, rules_);
  edges.Choose(rows_, candidates, chosen);
  edges.Write(rows_, vertices_.Edit(slot), chosen);
  for (const auto& choice : chosen) {
    found.requests.push_back({choice.candidate.slot, slot, choice.candidate.distance, piece,
                              static_cast<uint32_t>(found.between.size())});
    AddEstimates(query, choice.candidate, found.between);
    found.fillers += choice.filler ? 1 : 0;
  }
  return Status::Ok();
}

// The target's codes say how far its neighbours are, as in a walk, while its row is near; the
// neighbours themselves lie anywhere in memory, and to fetch them took a quarter of a build.
void BulkLinker::AddEstimates(const Query& query, const Candidate& target,
                              std::vector<float>& between) const {
  const Layout& layout = vertices_.layout();
  const RowView row = vertices_.row(target.slot);
  const float to_squared = space_.products() ? 2 : 1;
  alignas(64) float estimates[kBlockLanes];
  for (uint32_t block = 0; block < layout.block_count(); ++block) {
    const kernels::ScanBlock codes{row.codes(block), row.add(block), row.rescale(block)};
    kernels::Kernels().scan_block(query.table, codes, layout.padded(), target.distance / to_squared,
                                  std::numeric_limits<float>::infinity(), estimates);
    for (const float estimate : estimates) between.push_back(estimate * to_squared);
  }
}

// The requests of a target stand together.
void BulkLinker::Grant(std::span<const Request> requests, std::span<const Found> found,
                       std::vector<uint32_t>& lost) {
  EdgeMaker edges(vertices_.layout(), space_, rules_);
  const uint32_t padded = vertices_.layout().padded(), lanes = vertices_.layout().lanes();
  uint32_t target = kNoSlot;
  std::vector<uint32_t> before;  // the target's neighbours when the estimates were made
  for (const Request& request : requests) {
    const RowEdit row = vertices_.Edit(request.target);
    if (request.target != target) before.assign(row.links(), row.links() + lanes);
    target = request.target;
    auto between = [&](uint32_t lane, uint32_t other) {
      if (before[lane] == other) return found[request.piece].between[request.between_at + lane];
      return HighDistance(vertices_.row(request.slot).high(), vertices_.row(other).high(), padded);
    };
    const uint32_t slot = edges.Offer(
        rows_, row, request.slot, request.length, [&](uint32_t other) { return indegree_[other]; },
        between);
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
  IOLITE_RETURN_IF_ERROR(Reconnect(context,
                                   {.slot_count = options.slot_count,
                                    .rules = linker.rules(),
                                    .length_max = options.length_max,
                                    .executor = options.executor},
                                   space, entries, vertices, linker.indegree()));
  return linker.rules();
}

}  // namespace iolite::vector::qg
