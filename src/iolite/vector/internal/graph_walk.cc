#include "iolite/vector/internal/graph_walk.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "iolite/vector/internal/top_k.h"
#include "iolite/vector/internal/visited_set.h"
#include "iolite/vector/kernels/kernels.h"

namespace iolite::vector::internal {
namespace {

// A walk visits about this many rows for each place in its pool, seen over text embeddings and
// images.
constexpr size_t kVisitedPerPlace = 24;
// A filtered walk is judged once it has met this many rows for each place.
constexpr size_t kMetPerPlaceMin = 4;
// Cancellation is looked at once in this many vertices: about every 50 us.
constexpr size_t kVerticesPerCheck = 64;

constexpr auto ComesLast = [](const Neighbor& a, const Neighbor& b) { return ComesFirst(b, a); };

class Walker {
 public:
  Walker(const RequestContext& context, const UsearchFile& file, const WalkRequest& request,
         WalkResult& result)
      : context_(context),
        file_(file),
        request_(request),
        result_(result),
        gather_(kernels::Kernels().Of(file.metric(), file.element_type()).gather),
        visited_(request.ef * kVisitedPerPlace) {}

  Status Run() {
    uint32_t start = file_.entry();
    for (int level = file_.top_level(); level > 0; --level) {
      IOLITE_RETURN_IF_ERROR(Descend(level, start));
    }
    return WalkBase(start);
  }

 private:
  // Fills ids_ with the links of `row`; `fresh_only` leaves out those met before.
  Status Gather(uint32_t row, int level, bool fresh_only) {
    Links links;
    if (!file_.LinksOf(row, level, links)) {
      return DataLoss("Row {} of the usearch index has {} links", row, links.count);
    }
    ids_.clear();
    for (uint32_t i = 0; i < links.count; ++i) {
      const uint32_t id = links.at(i);
      if (id >= file_.row_count() || !file_.Reaches(id, level)) {
        return DataLoss("Row {} of the usearch index links to row {} of {} at level {}", row, id,
                        file_.row_count(), level);
      }
      if (!fresh_only || visited_.Insert(id)) ids_.push_back(id);
    }
    Measure();
    return Status::Ok();
  }

  void Measure() {
    distances_.resize(ids_.size());
    gather_(request_.query, file_.vectors(), file_.row_bytes(), ids_.data(), ids_.size(),
            file_.dimension(), distances_.data());
    for (float& distance : distances_) {
      if (std::isnan(distance)) distance = std::numeric_limits<float>::infinity();
    }
    result_.visited += ids_.size();
  }

  // Goes to the nearest vertex of a level above 0.
  Status Descend(int level, uint32_t& nearest) {
    ids_.assign(1, nearest);
    Measure();
    float best = distances_[0];
    for (bool moved = true; moved;) {
      moved = false;
      IOLITE_RETURN_IF_ERROR(context_.Check());
      IOLITE_RETURN_IF_ERROR(Gather(nearest, level, false));
      for (size_t i = 0; i < ids_.size(); ++i) {
        if (distances_[i] < best) {
          best = distances_[i];
          nearest = ids_[i];
          moved = true;
        }
      }
    }
    return Status::Ok();
  }

  bool IsLost() const {
    if (request_.allowed == nullptr) return false;
    if (result_.visited > request_.visited_max) return true;
    return met_ > request_.ef * kMetPerPlaceMin &&
           static_cast<double>(passed_) < request_.share * 0.5 * static_cast<double>(met_);
  }

  bool Allowed(uint32_t row) const {
    return request_.allowed == nullptr || ((request_.allowed[row / 64] >> (row % 64)) & 1) != 0;
  }

  void Meet(const Neighbor& neighbor) {
    auto& found = result_.found;
    const bool full = found.size() == request_.ef;
    ++met_;
    const bool allowed = Allowed(neighbor.row);
    passed_ += allowed ? 1 : 0;
    if (full && !ComesFirst(neighbor, found.front())) return;
    next_.push_back(neighbor);
    std::push_heap(next_.begin(), next_.end(), ComesLast);
    if (!allowed) return;
    if (full) {
      std::pop_heap(found.begin(), found.end(), ComesFirst);
      found.back() = neighbor;
    } else {
      found.push_back(neighbor);
    }
    std::push_heap(found.begin(), found.end(), ComesFirst);
  }

  Status WalkBase(uint32_t start) {
    result_.found.reserve(request_.ef);
    visited_.Insert(start);
    ids_.assign(1, start);
    Measure();
    Meet({start, distances_[0]});
    for (size_t step = 0; !next_.empty(); ++step) {
      if (step % kVerticesPerCheck == 0) IOLITE_RETURN_IF_ERROR(context_.Check());
      const Neighbor nearest = next_.front();
      const auto& found = result_.found;
      if (found.size() == request_.ef && ComesFirst(found.front(), nearest)) break;
      if (IsLost()) {
        result_.gave_up = true;
        break;
      }
      std::pop_heap(next_.begin(), next_.end(), ComesLast);
      next_.pop_back();
      if (!next_.empty()) file_.PrefetchLinks(next_.front().row);
      IOLITE_RETURN_IF_ERROR(Gather(nearest.row, 0, true));
      for (size_t i = 0; i < ids_.size(); ++i) Meet({ids_[i], distances_[i]});
    }
    std::sort_heap(result_.found.begin(), result_.found.end(), ComesFirst);
    return Status::Ok();
  }

  const RequestContext& context_;
  const UsearchFile& file_;
  const WalkRequest& request_;
  WalkResult& result_;
  const kernels::KernelSet::GatherFunction gather_;
  VisitedSet visited_;
  size_t met_ = 0, passed_ = 0;
  std::vector<Neighbor> next_;
  std::vector<uint32_t> ids_;
  std::vector<float> distances_;
};

}  // namespace

Status Walk(const RequestContext& context, const UsearchFile& file, const WalkRequest& request,
            WalkResult& result) {
  if (file.row_count() == 0 || request.ef == 0) return Status::Ok();
  return Walker(context, file, request, result).Run();
}

}  // namespace iolite::vector::internal
