#include "iolite/vector/qg/reconnect.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace iolite::vector::qg {
namespace {

// Edges that a row gets.
constexpr size_t kEdges = 2;
constexpr int kRounds = 3;
// Rows that one piece of work takes.
constexpr size_t kPiece = 64;

// A row that was not met, and the nearest of those that were.
struct Missed {
  uint32_t slot;
  std::vector<Candidate> near;
};

class Reconnector {
 public:
  Reconnector(const RequestContext& context, const ReconnectOptions& options, const Space& space,
              const Entries& entries, Vertices& vertices, std::span<uint32_t> indegree)
      : context_(context),
        options_(options),
        space_(space),
        entries_(entries),
        vertices_(vertices),
        rows_{vertices, options.slot_count},
        indegree_(indegree) {}

  Status Run();

 private:
  Status Look(uint32_t slot, std::vector<Missed>& missed) const;
  void Connect(const Missed& missed, std::vector<uint32_t>& again);

  const RequestContext& context_;
  const ReconnectOptions& options_;
  const Space& space_;
  const Entries& entries_;
  Vertices& vertices_;
  const OwnRows rows_;
  std::span<uint32_t> indegree_;
};

Status Reconnector::Run() {
  std::vector<uint32_t> slots(options_.slot_count);
  std::iota(slots.begin(), slots.end(), 0u);
  for (int round = 0; round < kRounds && !slots.empty(); ++round) {
    std::vector<std::vector<Missed>> missed((slots.size() + kPiece - 1) / kPiece);
    IOLITE_RETURN_IF_ERROR(
        options_.executor->ParallelFor(context_, missed.size(), [&](size_t piece) -> Status {
          const size_t first = piece * kPiece;
          for (size_t i = first; i < std::min(slots.size(), first + kPiece); ++i) {
            IOLITE_RETURN_IF_ERROR(Look(slots[i], missed[piece]));
          }
          return Status::Ok();
        }));
    // Edges change between looks only, so that all see the same.
    slots.clear();
    for (const auto& some : missed) {
      for (const Missed& one : some) Connect(one, slots);
    }
    std::sort(slots.begin(), slots.end());
    slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
  }
  return Status::Ok();
}

Status Reconnector::Look(uint32_t slot, std::vector<Missed>& missed) const {
  thread_local std::vector<float> own;
  thread_local std::vector<Candidate> met;
  own.resize(vertices_.layout().padded());
  vertices_.ReadVector(slot, vertices_.row(slot).high(), own.data());
  IOLITE_ASSIGN_OR_RETURN(const bool found,
                          IsMet(context_, rows_, vertices_.layout(), space_, entries_,
                                options_.length_max, slot, own.data(), met));
  if (!found) missed.push_back({slot, met});
  return Status::Ok();
}

void Reconnector::Connect(const Missed& missed, std::vector<uint32_t>& again) {
  EdgeMaker edges(vertices_.layout(), space_, options_.rules);
  auto indegree = [this](uint32_t other) { return indegree_[other]; };
  size_t granted = 0;
  for (const auto& [distance, target] : missed.near) {
    // Its equal is as good an answer.
    if (distance <= 0) break;
    const uint32_t lost =
        edges.Force(rows_, vertices_.Edit(target), missed.slot, distance, indegree);
    if (lost == missed.slot) continue;
    ++indegree_[missed.slot];
    if (lost != kNoSlot) {
      --indegree_[lost];
      again.push_back(lost);
    }
    if (++granted == kEdges) break;
  }
  if (granted > 0) again.push_back(missed.slot);
}

}  // namespace

Status Reconnect(const RequestContext& context, const ReconnectOptions& options, const Space& space,
                 const Entries& entries, Vertices& vertices, std::span<uint32_t> indegree) {
  return Reconnector(context, options, space, entries, vertices, indegree).Run();
}

}  // namespace iolite::vector::qg
