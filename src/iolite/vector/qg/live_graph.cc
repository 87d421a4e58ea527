#include "iolite/vector/qg/live_graph.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace iolite::vector::qg {
namespace {

// Edges and starts come and go, and a row that only three others lead to may be on no way from
// where a search begins.
constexpr uint32_t kIndegreeMin = 8;

}  // namespace

LiveGraph::LiveGraph(Header header, const Layout& layout, Budget& budget, SavedFile& saved)
    : header_(std::move(header)),
      space_(header_.metric, header_.dimension, header_.seed),
      traits_{header_.length_max, header_.calibration},
      vertices_(layout, epochs_, budget),
      entries_(header_.entries, epochs_, header_.seed),
      saved_(saved) {
  rules_.alpha = header_.alpha;
  rules_.indegree_min = kIndegreeMin;
}

// While what was retired still has a place to go back to.
LiveGraph::~LiveGraph() { epochs_.CollectAll(); }

Status LiveGraph::Load(const char* extents) {
  const Layout& layout = vertices_.layout();
  for (uint32_t slot = 0; slot < header_.slot_count; slot += layout.extent_rows()) {
    const uint32_t extent = layout.extent_of(slot);
    const char* bytes = extents + size_t{extent} * layout.extent_bytes();
    IOLITE_RETURN_IF_ERROR(CheckExtent(layout, extent, bytes));
    vertices_.AddMapped(bytes, std::min(layout.extent_rows(), header_.slot_count - slot));
  }
  IOLITE_RETURN_IF_ERROR(LoadIds());
  IOLITE_RETURN_IF_ERROR(CheckLinks());
  begun_ = header_.slot_count > 0;
  return Status::Ok();
}

Status LiveGraph::LoadIds() {
  uint32_t row_count = 0, id_bound = 0;
  for (uint32_t slot = 0; slot < header_.slot_count; ++slot) {
    const uint32_t id = vertices_.id(slot);
    if (id == kNoRow) {
      free_slots_.push_back(slot);
      continue;
    }
    if (Contains(id)) return DataLoss("The qg index is damaged: row {} is twice in it", id);
    slots_.Store(id, slot);
    ++row_count;
    id_bound = std::max(id_bound, id + 1);
  }
  if (row_count != header_.row_count) {
    return DataLoss("The qg index is damaged: it has {} rows, its header says {}", row_count,
                    header_.row_count);
  }
  row_count_.store(row_count, std::memory_order_release);
  id_bound_.store(id_bound, std::memory_order_release);
  return Status::Ok();
}

Status LiveGraph::CheckLinks() const {
  const Layout& layout = vertices_.layout();
  for (uint32_t slot = 0; slot < header_.slot_count; ++slot) {
    const uint32_t* links = RowView(layout, vertices_.row_bytes(slot)).links();
    for (uint32_t lane = 0; lane < layout.lanes(); ++lane) {
      if (links[lane] != kNoSlot && links[lane] >= header_.slot_count) {
        return DataLoss("The qg index is damaged: row {} links to row {} of {}", slot, links[lane],
                        header_.slot_count);
      }
    }
  }
  return Status::Ok();
}

void LiveGraph::Begin(std::span<const float> rows) {
  if (begun_ || rows.empty()) return;
  const size_t count = rows.size() / header_.dimension;
  std::vector<float> values(space_.padded());
  header_.mean.assign(space_.padded(), 0.0f);
  float longest = 0;
  for (size_t row = 0; row < count; ++row) {
    space_.RotateRow(rows.data() + row * header_.dimension, values.data());
    for (size_t d = 0; d < values.size(); ++d) {
      header_.mean[d] += values[d] / static_cast<float>(count);
    }
    longest = std::max(longest, kernels::Kernels().squared_norm(values.data(), values.size()));
  }
  if (header_.metric == Metric::kInnerProduct) header_.length_max = 1.25f * std::sqrt(longest);
  traits_.length_max = header_.length_max;
  begun_ = true;
}

// The first change pays for the lists of who links to whom.
void LiveGraph::EnsureLinks() {
  if (links_.made()) return;
  links_.Resize(vertices_.slot_count());
  for (uint32_t slot = 0; slot < vertices_.slot_count(); ++slot) {
    if (IsFree(slot)) continue;
    const uint32_t* links = RowView(vertices_.layout(), vertices_.row_bytes(slot)).links();
    for (uint32_t lane = 0; lane < vertices_.layout().lanes(); ++lane) {
      if (links[lane] != kNoSlot) links_.Add(slot, links[lane]);
    }
  }
  links_.SetMade();
}

std::vector<float> LiveGraph::VectorOf(uint32_t slot) const {
  std::vector<float> values;
  EdgeMaker(vertices_.layout(), space_, rules_).ReadHigh(High(slot), values);
  return values;
}

Header LiveGraph::CurrentHeader() const {
  Header header = header_;
  header.slot_count = vertices_.slot_count();
  header.row_count = row_count();
  header.id_bound = id_bound();
  header.entries = entries();
  header.ids_are_slots = header.row_count == header.slot_count;
  for (uint32_t slot = 0; header.ids_are_slots && slot < header.slot_count; ++slot) {
    header.ids_are_slots = vertices_.id(slot) == slot;
  }
  if (header.ids_are_slots) header.id_bound = header.slot_count;
  return header;
}

}  // namespace iolite::vector::qg
