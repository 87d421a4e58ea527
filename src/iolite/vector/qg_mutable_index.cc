#include "iolite/vector/qg_mutable_index.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "iolite/base/random.h"
#include "iolite/vector/internal/query.h"
#include "iolite/vector/qg/checkpoint.h"
#include "iolite/vector/qg/edges.h"
#include "iolite/vector/qg/file.h"
#include "iolite/vector/qg/links.h"
#include "iolite/vector/qg/live_vertices.h"
#include "iolite/vector/qg/new_header.h"
#include "iolite/vector/qg/saved_file.h"
#include "iolite/vector/qg/search.h"

namespace iolite::vector {
namespace {

using namespace qg;

class MutableIndex;

// What a search sees: rows as they are while it runs, and one table of entries.
class LiveView {
 public:
  explicit LiveView(const MutableIndex& index);

  const Space& space() const;
  const Layout& layout() const;
  const Entries& entries() const { return entries_; }
  const Traits& traits() const;
  uint32_t slot_count() const { return slot_count_; }
  uint32_t row_count() const { return row_count_; }
  uint32_t id_bound() const;
  const char* row_bytes(uint32_t slot) const;
  const uint16_t* low(uint32_t slot) const;
  void Estimate(const kernels::SignQuery& query, const uint32_t* slots, size_t count,
                float* estimates) const;
  uint32_t id(uint32_t slot) const;
  uint32_t slot_of(uint32_t id) const;
  bool IsCurrent(uint32_t id, uint32_t slot) const { return slot_of(id) == slot; }
  uint64_t replace_count() const;
  static Status CheckSlot(uint32_t) { return Status::Ok(); }

 private:
  const MutableIndex& index_;
  const Entries& entries_;
  const uint32_t slot_count_;
  const uint32_t row_count_;
};

class MutableIndex final : public QgMutableIndex {
 public:
  MutableIndex(Header header, const Layout& layout, const IndexBuildOptions& options)
      : header_(std::move(header)),
        options_(options),
        space_(header_.metric, header_.dimension, header_.seed),
        traits_{header_.length_max, header_.calibration},
        vertices_(layout, epochs_, *options.budget),
        entries_(new Entries(header_.entries)),
        random_(Random::Seeded(header_.seed)) {
    rules_.alpha = header_.alpha;
  }
  ~MutableIndex() override {
    epochs_.CollectAll();
    delete entries_.load(std::memory_order_relaxed);
  }

  Status Load(std::shared_ptr<const storage::MappedObject> file, std::string path);

  Result<size_t> Search(const RequestContext& context, const VectorSearch& request,
                        std::span<Neighbor> out) const override;
  Status Insert(const RequestContext& context, std::span<const uint32_t> ids,
                std::span<const float> rows) override;
  Status Replace(const RequestContext& context, std::span<const uint32_t> ids,
                 std::span<const float> rows) override;
  Status Delete(const RequestContext& context, std::span<const uint32_t> ids) override;
  Status Checkpoint(const RequestContext& context, storage::Disk& disk,
                    const std::string& path) override;
  bool Contains(uint32_t id) const override { return slots_.Load(id) != kNoSlot; }

  std::string_view kind() const override { return "qg"; }
  Metric metric() const override { return header_.metric; }
  ElementType element_type() const override { return header_.element_type; }
  int32_t dimension() const override { return static_cast<int32_t>(header_.dimension); }
  int64_t row_count() const override { return row_count_.load(std::memory_order_acquire); }
  int64_t memory_bytes() const override { return vertices_.memory_bytes(); }
  int64_t mapped_bytes() const override {
    return file_ == nullptr ? 0 : static_cast<int64_t>(file_->bytes().size());
  }
  Status Verify(const RequestContext& context) const override;

 private:
  friend class LiveView;
  // A row on its way in: its vector and the vertices it may be linked to.
  struct Arrival {
    uint32_t id = kNoRow;
    std::vector<float> values;
    std::vector<EdgeMaker::Choice> choices;
  };

  Status CheckNew(std::span<const uint32_t> ids) const;
  void Begin(std::span<const float> rows);
  Status Prepare(const RequestContext& context, uint32_t id, const float* values,
                 Arrival& arrival) const;
  Status Put(const Arrival& arrival);
  Result<uint32_t> TakeSlot();
  Status WriteVertex(uint32_t slot, const Arrival& arrival,
                     std::vector<EdgeMaker::Choice>& choices);
  Status OfferTo(uint32_t target, uint32_t slot, float length, bool force, bool& taken);
  Status RemoveSlot(uint32_t slot);
  Status Mend(uint32_t target, uint32_t gone);
  void MakeEntry(uint32_t slot);
  void ReplaceEntry(uint32_t gone);
  void SetEntries(std::unique_ptr<Entries> entries);
  void EnsureLinks();
  const char* MappedExtent(uint32_t extent) const;
  Status CheckExtent(uint32_t extent) const;
  Status WriteWholeFile(const RequestContext& context, storage::Disk& disk,
                        const std::string& path);
  Status WriteChanges(const RequestContext& context, storage::Disk& disk);
  Status WaitForReaders(const RequestContext& context);
  Header CurrentHeader() const;

  Header header_;
  const IndexBuildOptions options_;
  const Space space_;
  Traits traits_;
  mutable Epochs epochs_;
  LiveVertices vertices_;
  PagedArray<uint32_t, kNoSlot> slots_;  // by id
  std::atomic<const Entries*> entries_;
  std::atomic<uint32_t> row_count_ = 0;
  std::atomic<uint32_t> id_bound_ = 0;
  std::atomic<uint64_t> replace_count_ = 0;
  std::shared_ptr<const storage::MappedObject> file_;

  mutable std::mutex file_mutex_;  // guards saved_.Commit; taken before mutex_
  mutable std::mutex mutex_;       // guards all below, and all changes
  EdgeRules rules_;
  std::unique_ptr<Random> random_;
  bool begun_ = false;
  Links links_;
  std::vector<uint32_t> free_slots_;
  SavedFile saved_;
};

LiveView::LiveView(const MutableIndex& index)
    : index_(index),
      entries_(*index.entries_.load(std::memory_order_acquire)),
      slot_count_(index.vertices_.slot_count()),
      row_count_(index.row_count_.load(std::memory_order_acquire)) {}
const Space& LiveView::space() const { return index_.space_; }
const Layout& LiveView::layout() const { return index_.vertices_.layout(); }
const Traits& LiveView::traits() const { return index_.traits_; }
uint32_t LiveView::id_bound() const { return index_.id_bound_.load(std::memory_order_acquire); }
const char* LiveView::row_bytes(uint32_t slot) const { return index_.vertices_.row_bytes(slot); }
const uint16_t* LiveView::low(uint32_t slot) const { return index_.vertices_.low(slot); }
uint32_t LiveView::id(uint32_t slot) const { return index_.vertices_.id(slot); }
uint64_t LiveView::replace_count() const {
  return index_.replace_count_.load(std::memory_order_acquire);
}
uint32_t LiveView::slot_of(uint32_t id) const { return index_.slots_.Load(id); }

// Codes of different extents lie anywhere: each is a run of one for the kernel.
void LiveView::Estimate(const kernels::SignQuery& query, const uint32_t* slots, size_t count,
                        float* estimates) const {
  constexpr size_t kRun = 256;
  const char* runs[kRun];
  uint32_t order[kRun];
  for (size_t i = 0; i < kRun; ++i) order[i] = static_cast<uint32_t>(i);
  for (size_t first = 0; first < count; first += kRun) {
    const size_t now = std::min(kRun, count - first);
    for (size_t i = 0; i < now; ++i) runs[i] = index_.vertices_.signs(slots[first + i]);
    const kernels::SignRows rows{runs, 0, 0, layout().signs().bytes, layout().sign_bits()};
    kernels::Kernels().sign_estimates(query, rows, order, now, estimates + first);
  }
}

const char* MutableIndex::MappedExtent(uint32_t extent) const {
  const Layout& layout = vertices_.layout();
  return file_->bytes().data() + Header::BytesFor(layout.padded()) +
         size_t{extent} * layout.extent_bytes();
}

Status MutableIndex::CheckExtent(uint32_t extent) const {
  const Layout& layout = vertices_.layout();
  if (ExtentIsSound(layout, MappedExtent(extent))) return Status::Ok();
  const uint32_t slot = extent << layout.extent_shift();
  return DataLoss(
      "The qg index is damaged: rows {} to {} do not have the checksum they were written with",
      slot, slot + layout.extent_rows() - 1);
}

Status MutableIndex::Load(std::shared_ptr<const storage::MappedObject> file, std::string path) {
  const Layout& layout = vertices_.layout();
  file_ = std::move(file);
  for (uint32_t slot = 0; slot < header_.slot_count; slot += layout.extent_rows()) {
    const uint32_t extent = layout.extent_of(slot);
    IOLITE_RETURN_IF_ERROR(CheckExtent(extent));
    vertices_.AddMapped(MappedExtent(extent),
                        std::min(layout.extent_rows(), header_.slot_count - slot));
  }
  for (uint32_t slot = 0; slot < header_.slot_count; ++slot) {
    const uint32_t id = vertices_.id(slot);
    if (id == kNoRow) {
      free_slots_.push_back(slot);
      continue;
    }
    if (slots_.Load(id) != kNoSlot)
      return DataLoss("The qg index is damaged: row {} is twice in it", id);
    slots_.Store(id, slot);
    row_count_.fetch_add(1, std::memory_order_relaxed);
    id_bound_.store(std::max(id_bound_.load(std::memory_order_relaxed), id + 1),
                    std::memory_order_relaxed);
  }
  if (row_count_ != header_.row_count) {
    return DataLoss("The qg index is damaged: it has {} rows, its header says {}",
                    row_count_.load(), header_.row_count);
  }
  for (uint32_t slot = 0; slot < header_.slot_count; ++slot) {
    const uint32_t* links = RowView(layout, vertices_.row_bytes(slot)).links();
    for (uint32_t lane = 0; lane < layout.lanes(); ++lane) {
      if (links[lane] != kNoSlot && links[lane] >= header_.slot_count) {
        return DataLoss("The qg index is damaged: row {} links to row {} of {}", slot, links[lane],
                        header_.slot_count);
      }
    }
  }
  begun_ = header_.slot_count > 0;
  saved_.Holds(path, header_.slot_count);
  return Status::Ok();
}

Result<size_t> MutableIndex::Search(const RequestContext& context, const VectorSearch& request,
                                    std::span<Neighbor> out) const {
  IOLITE_RETURN_IF_ERROR(internal::CheckQuery(request.query, header_.dimension));
  IOLITE_RETURN_IF_ERROR(context.Check());
  const Epochs::Guard guard = epochs_.Enter();
  const LiveView view(*this);
  return Searcher<LiveView>(context, view, request).Run(out);
}

Status MutableIndex::CheckNew(std::span<const uint32_t> ids) const {
  std::unordered_set<uint32_t> seen;
  for (uint32_t id : ids) {
    if (id == kNoRow) return InvalidArgument("{} is no row id: the largest is {}", id, id - 1);
    if (!seen.insert(id).second) return InvalidArgument("Row {} comes twice", id);
    if (Contains(id)) return AlreadyExists("Row {} is in the index", id);
  }
  return Status::Ok();
}

// The first rows say what is known of all: their mean, and how long vectors are.
void MutableIndex::Begin(std::span<const float> rows) {
  const std::lock_guard lock(mutex_);
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

// Reads as a search does.
Status MutableIndex::Prepare(const RequestContext& context, uint32_t id, const float* values,
                             Arrival& arrival) const {
  thread_local WalkRoom room;
  thread_local Query query;
  arrival.id = id;
  arrival.choices.clear();
  arrival.values.resize(space_.padded());
  space_.RotateRow(values, arrival.values.data());
  space_.Lift(header_.length_max, arrival.values.data());
  const LiveView view(*this);
  if (view.entries().slots().empty()) return Status::Ok();
  space_.RowAsQuery(arrival.values.data(), header_.length_max, query);
  room.Begin(header_.expansion, view.slot_count());
  Candidate start{0, view.entries().Nearest(query)};
  room.Mark(start.slot);
  room.Push({&start, 1});
  std::vector<Candidate> candidates;
  const float to_squared = space_.products() ? 2 : 1;
  IOLITE_RETURN_IF_ERROR(
      Walk(context, view, view.layout(), space_, query, room, [&](uint32_t slot, float distance) {
        if (view.id(slot) != kNoRow) candidates.push_back({distance * to_squared, slot});
        return std::numeric_limits<float>::infinity();
      }));
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.distance < b.distance || (a.distance == b.distance && a.slot < b.slot);
  });
  if (candidates.size() > header_.expansion) candidates.resize(header_.expansion);
  EdgeMaker(view.layout(), space_, rules_).Choose(view, candidates, arrival.choices);
  return Status::Ok();
}

Result<uint32_t> MutableIndex::TakeSlot() {
  epochs_.Collect();
  if (free_slots_.empty()) {
    IOLITE_ASSIGN_OR_RETURN(const uint32_t slot, vertices_.AddSlot());
    saved_.MarkChanged(slot);
    links_.Resize(slot + 1);
    return slot;
  }
  const uint32_t slot = free_slots_.back();
  IOLITE_RETURN_IF_ERROR(vertices_.MakeWritable(slot));
  free_slots_.pop_back();
  return slot;
}

void MutableIndex::EnsureLinks() {
  if (links_.made()) return;
  links_.Resize(vertices_.slot_count());
  for (uint32_t slot = 0; slot < vertices_.slot_count(); ++slot) {
    if (vertices_.id(slot) == kNoRow) continue;
    const uint32_t* links = RowView(vertices_.layout(), vertices_.row_bytes(slot)).links();
    for (uint32_t lane = 0; lane < vertices_.layout().lanes(); ++lane) {
      if (links[lane] != kNoSlot) links_.Add(slot, links[lane]);
    }
  }
  links_.SetMade();
}

// The row of a vertex, before anybody links to it.
Status MutableIndex::WriteVertex(uint32_t slot, const Arrival& arrival,
                                 std::vector<EdgeMaker::Choice>& choices) {
  const Layout& layout = vertices_.layout();
  IOLITE_ASSIGN_OR_RETURN(const RowEdit row, vertices_.NewImage(slot));
  WriteVector(layout, arrival.values.data(), row.high(), vertices_.MutableLow(slot));
  std::vector<uint32_t> words(layout.sign_bits() / 32, 0);
  const CodeFactors factors =
      CodeOf(space_, header_.mean.data(), arrival.values.data(), words.data());
  char* signs = vertices_.MutableSigns(slot);
  std::memcpy(signs, words.data(), layout.sign_bits() / 8);
  std::memcpy(signs + layout.sign_bits() / 8, &factors, sizeof(factors));
  // Some may have been deleted since they were chosen.
  std::erase_if(choices, [&](const EdgeMaker::Choice& choice) {
    return vertices_.id(choice.candidate.slot) == kNoRow;
  });
  EdgeMaker(layout, space_, rules_).Write(vertices_, row, arrival.values.data(), choices);
  vertices_.Publish(slot, row);
  return Status::Ok();
}

Status MutableIndex::OfferTo(uint32_t target, uint32_t slot, float length, bool force,
                             bool& taken) {
  IOLITE_RETURN_IF_ERROR(vertices_.MakeWritable(target));
  IOLITE_ASSIGN_OR_RETURN(const RowEdit row, vertices_.NewImage(target));
  EdgeMaker edges(vertices_.layout(), space_, rules_);
  auto indegree = [this](uint32_t other) { return links_.Indegree(other); };
  const uint32_t lost = force ? edges.Force(vertices_, row, target, slot, length, indegree)
                              : edges.Offer(vertices_, row, target, slot, length, indegree);
  taken = lost != slot;
  if (!taken) {
    vertices_.Discard(row);
    return Status::Ok();
  }
  vertices_.Publish(target, row);
  links_.Add(target, slot);
  if (lost != kNoSlot) links_.Remove(target, lost);
  saved_.MarkChanged(target);
  return Status::Ok();
}

Status MutableIndex::Put(const Arrival& arrival) {
  EnsureLinks();
  const uint32_t replaced = slots_.Load(arrival.id);
  IOLITE_ASSIGN_OR_RETURN(const uint32_t slot, TakeSlot());
  auto choices = arrival.choices;
  if (Status written = WriteVertex(slot, arrival, choices); !written.ok()) {
    free_slots_.push_back(slot);
    return written;
  }
  saved_.MarkChanged(slot);
  for (const auto& choice : choices) links_.Add(slot, choice.candidate.slot);
  vertices_.SetId(slot, arrival.id);
  slots_.Store(arrival.id, slot);
  replace_count_.fetch_add(replaced == kNoSlot ? 0 : 1, std::memory_order_acq_rel);
  if (replaced == kNoSlot) row_count_.fetch_add(1, std::memory_order_acq_rel);
  id_bound_.store(std::max(id_bound_.load(std::memory_order_relaxed), arrival.id + 1),
                  std::memory_order_release);
  MakeEntry(slot);
  bool any = false;
  for (const bool force : {false, true}) {
    for (const auto& choice : choices) {
      bool taken = false;
      IOLITE_RETURN_IF_ERROR(
          OfferTo(choice.candidate.slot, slot, choice.candidate.distance, force, taken));
      any |= taken;
      if (force && taken) break;
    }
    if (any) break;
  }
  return replaced == kNoSlot ? Status::Ok() : RemoveSlot(replaced);
}

Status MutableIndex::Insert(const RequestContext& context, std::span<const uint32_t> ids,
                            std::span<const float> rows) {
  IOLITE_RETURN_IF_ERROR(internal::CheckRows(rows, ids.size(), header_.dimension, 0));
  Begin(rows);
  std::vector<uint32_t> done;
  Status status;
  for (size_t i = 0; i < ids.size() && status.ok(); ++i) {
    if (i == 0) {
      const std::lock_guard lock(mutex_);
      status = CheckNew(ids);
      if (!status.ok()) return status;
    }
    const Epochs::Guard guard = epochs_.Enter();
    Arrival arrival;
    status = Prepare(context, ids[i], rows.data() + i * header_.dimension, arrival);
    if (!status.ok()) break;
    const std::lock_guard lock(mutex_);
    // Another writer may have come first.
    if (Contains(ids[i])) {
      status = AlreadyExists("Row {} is in the index", ids[i]);
      break;
    }
    status = Put(arrival);
    if (Contains(ids[i])) done.push_back(ids[i]);
  }
  if (status.ok()) return status;
  if (!done.empty()) IOLITE_RETURN_IF_ERROR(Delete(RequestContext{}, done));
  return status;
}

Status MutableIndex::Replace(const RequestContext& context, std::span<const uint32_t> ids,
                             std::span<const float> rows) {
  IOLITE_RETURN_IF_ERROR(internal::CheckRows(rows, ids.size(), header_.dimension, 0));
  for (size_t i = 0; i < ids.size(); ++i) {
    const Epochs::Guard guard = epochs_.Enter();
    Arrival arrival;
    IOLITE_RETURN_IF_ERROR(Prepare(context, ids[i], rows.data() + i * header_.dimension, arrival));
    const std::lock_guard lock(mutex_);
    const uint32_t before = slots_.Load(ids[i]);
    if (before == kNoSlot) return NotFound("Row {} is not in the index", ids[i]);
    IOLITE_RETURN_IF_ERROR(Put(arrival));
  }
  return Status::Ok();
}

Status MutableIndex::Delete(const RequestContext& context, std::span<const uint32_t> ids) {
  IOLITE_RETURN_IF_ERROR(context.Check());
  const std::lock_guard lock(mutex_);
  std::unordered_set<uint32_t> seen;
  for (uint32_t id : ids) {
    if (!Contains(id)) return NotFound("Row {} is not in the index", id);
    if (!seen.insert(id).second) return InvalidArgument("Row {} comes twice", id);
  }
  EnsureLinks();
  // Gone from every answer first; mending may take its time.
  std::vector<uint32_t> slots;
  for (uint32_t id : ids) {
    slots.push_back(slots_.Load(id));
    vertices_.SetId(slots.back(), kNoRow);
    slots_.Store(id, kNoSlot);
    row_count_.fetch_sub(1, std::memory_order_acq_rel);
  }
  for (uint32_t slot : slots) {
    epochs_.Collect();
    IOLITE_RETURN_IF_ERROR(RemoveSlot(slot));
  }
  return Status::Ok();
}

// Everybody who linked to the slot links to one of its neighbours instead; then the slot can serve
// again, once nobody walks over it any more.
Status MutableIndex::RemoveSlot(uint32_t slot) {
  vertices_.SetId(slot, kNoRow);
  saved_.MarkChanged(slot);
  ReplaceEntry(slot);
  const std::vector<uint32_t> sources = links_.To(slot);
  for (uint32_t source : sources) IOLITE_RETURN_IF_ERROR(Mend(source, slot));
  const RowView row(vertices_.layout(), vertices_.row_bytes(slot));
  for (uint32_t lane = 0; lane < vertices_.layout().lanes(); ++lane) {
    const uint32_t target = row.links()[lane];
    if (target != kNoSlot) links_.Remove(slot, target);
  }
  // A neighbour that few others lead to must not be lost with this one.
  for (uint32_t lane = 0; lane < vertices_.layout().lanes(); ++lane) {
    const uint32_t target = row.links()[lane];
    if (target == kNoSlot || vertices_.id(target) == kNoRow) continue;
    const RowView own(vertices_.layout(), vertices_.row_bytes(target));
    for (uint32_t l = 0; l < vertices_.layout().lanes(); ++l) {
      if (links_.Indegree(target) >= rules_.indegree_min) break;
      const uint32_t near = own.links()[l];
      if (near == kNoSlot || vertices_.id(near) == kNoRow) continue;
      bool taken = false;
      IOLITE_RETURN_IF_ERROR(OfferTo(near, target, vertices_.lengths(target)[l], true, taken));
    }
  }
  epochs_.Retire([this, slot] { free_slots_.push_back(slot); });
  return Status::Ok();
}

// In place of the edge to `gone`, the neighbour of `gone` that is nearest to `target` and not
// linked to yet.
Status MutableIndex::Mend(uint32_t target, uint32_t gone) {
  const Layout& layout = vertices_.layout();
  IOLITE_RETURN_IF_ERROR(vertices_.MakeWritable(target));
  IOLITE_ASSIGN_OR_RETURN(const RowEdit row, vertices_.NewImage(target));
  const uint32_t* begin = row.links();
  const uint32_t* end = begin + layout.lanes();
  const RowView from(layout, vertices_.row_bytes(gone));
  uint32_t best = kNoSlot;
  float best_distance = std::numeric_limits<float>::infinity();
  for (uint32_t lane = 0; lane < layout.lanes(); ++lane) {
    const uint32_t other = from.links()[lane];
    if (other == kNoSlot || other == target || vertices_.id(other) == kNoRow ||
        std::find(begin, end, other) != end) {
      continue;
    }
    const float distance = HighDistance(
        row.high(), reinterpret_cast<const uint16_t*>(vertices_.row_bytes(other)), layout.padded());
    if (distance < best_distance) {
      best = other;
      best_distance = distance;
    }
  }
  const auto lane = static_cast<uint32_t>(std::find(begin, end, gone) - begin);
  if (best == kNoSlot) {
    row.links()[lane] = kNoSlot;
    row.add(lane) = row.lengths[lane] = std::numeric_limits<float>::infinity();
    row.rescale(lane) = 0;
    row.SetFiller(lane, false);
  } else {
    EdgeMaker edges(layout, space_, rules_);
    std::vector<float> owner, values;
    edges.ReadSlot(vertices_, target, owner);
    edges.ReadSlot(vertices_, best, values);
    edges.SetLane(row, lane, owner.data(), values.data(), best, best_distance, false);
    links_.Add(target, best);
  }
  links_.Remove(target, gone);
  vertices_.Publish(target, row);
  saved_.MarkChanged(target);
  return Status::Ok();
}

// A sample of all rows: the n-th row enters with the chance it would have in a random choice.
void MutableIndex::MakeEntry(uint32_t slot) {
  const Entries& now = *entries_.load(std::memory_order_relaxed);
  const uint64_t count = row_count_.load(std::memory_order_relaxed);
  size_t place = now.slots().size();
  if (place == Entries::kCountMax) {
    place = random_->NextBelow(std::max<uint64_t>(1, count));
    if (place >= Entries::kCountMax) return;
  }
  auto changed = std::make_unique<Entries>(now);
  std::vector<float> values;
  EdgeMaker(vertices_.layout(), space_, rules_).ReadSlot(vertices_, slot, values);
  changed->Set(place, slot, space_, header_.mean, values);
  SetEntries(std::move(changed));
}

void MutableIndex::ReplaceEntry(uint32_t gone) {
  const Entries& now = *entries_.load(std::memory_order_relaxed);
  const auto found = std::find(now.slots().begin(), now.slots().end(), gone);
  if (found == now.slots().end()) return;
  const auto place = static_cast<size_t>(found - now.slots().begin());
  auto changed = std::make_unique<Entries>(now);
  const RowView row(vertices_.layout(), vertices_.row_bytes(gone));
  const uint32_t* links = row.links();
  const uint32_t* other = std::find_if(links, links + vertices_.layout().lanes(), [&](uint32_t s) {
    return s != kNoSlot && vertices_.id(s) != kNoRow;
  });
  if (other == links + vertices_.layout().lanes()) {
    changed->Remove(place);
    // The last rows may all have been neighbours of each other: any row will do.
    for (uint32_t slot = 0; changed->slots().empty() && slot < vertices_.slot_count(); ++slot) {
      if (vertices_.id(slot) == kNoRow || slot == gone) continue;
      std::vector<float> values;
      EdgeMaker(vertices_.layout(), space_, rules_).ReadSlot(vertices_, slot, values);
      changed->Set(0, slot, space_, header_.mean, values);
    }
  } else {
    std::vector<float> values;
    EdgeMaker(vertices_.layout(), space_, rules_).ReadSlot(vertices_, *other, values);
    changed->Set(place, *other, space_, header_.mean, values);
  }
  SetEntries(std::move(changed));
}

void MutableIndex::SetEntries(std::unique_ptr<Entries> entries) {
  const Entries* before = entries_.exchange(entries.release(), std::memory_order_acq_rel);
  epochs_.Retire([before] { delete before; });
}

Header MutableIndex::CurrentHeader() const {
  Header header = header_;
  header.slot_count = vertices_.slot_count();
  header.row_count = row_count_.load(std::memory_order_relaxed);
  header.id_bound = id_bound_.load(std::memory_order_relaxed);
  header.entries = *entries_.load(std::memory_order_relaxed);
  header.ids_are_slots = header.row_count == header.slot_count;
  for (uint32_t slot = 0; header.ids_are_slots && slot < header.slot_count; ++slot) {
    header.ids_are_slots = vertices_.id(slot) == slot;
  }
  if (header.ids_are_slots) header.id_bound = header.slot_count;
  header.mean.resize(space_.padded());
  return header;
}

Status MutableIndex::Checkpoint(const RequestContext& context, storage::Disk& disk,
                                const std::string& path) {
  const std::lock_guard file_lock(file_mutex_);
  return saved_.IsAt(path) ? WriteChanges(context, disk) : WriteWholeFile(context, disk, path);
}

Status MutableIndex::WriteWholeFile(const RequestContext& context, storage::Disk& disk,
                                    const std::string& path) {
  // A journal of what was there before must not meet what comes.
  if (disk.Stat(path).ok()) IOLITE_RETURN_IF_ERROR(FinishJournal(disk, path).status());
  const std::lock_guard lock(mutex_);
  IOLITE_RETURN_IF_ERROR(WriteWhole(disk, path, [&](storage::DiskFile& file) {
    return WriteIndexFile(context, vertices_, CurrentHeader(), file);
  }));
  saved_.Holds(path, vertices_.slot_count());
  return Status::Ok();
}

// The index may change again once the changes lie beside the file; the file itself is written to
// when nobody can be reading from it what they replace.
Status MutableIndex::WriteChanges(const RequestContext& context, storage::Disk& disk) {
  if (saved_.CommitFailed()) {
    IOLITE_RETURN_IF_ERROR(WaitForReaders(context));
    IOLITE_RETURN_IF_ERROR(saved_.FinishCommit(disk));
  }
  Status status;
  {
    const std::lock_guard lock(mutex_);
    status = saved_.Begin(context, disk, vertices_, CurrentHeader());
  }
  if (status.ok() && !saved_.begun()) return status;
  if (status.ok()) status = WaitForReaders(context);
  if (status.ok()) status = saved_.Commit();
  if (!status.ok()) {
    const std::lock_guard lock(mutex_);
    saved_.Undo();
  }
  return status;
}

// What is retired now is given back when everybody has left who is reading now.
Status MutableIndex::WaitForReaders(const RequestContext& context) {
  constexpr std::chrono::microseconds kPause(20);
  const auto left = std::make_shared<bool>(false);
  {
    const std::lock_guard lock(mutex_);
    epochs_.Retire([left] { *left = true; });
  }
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      epochs_.Collect();
      if (*left) return Status::Ok();
    }
    IOLITE_RETURN_IF_ERROR(context.Check());
    context.clock->SleepFor(kPause);
  }
}

// Searches still read rows from the file that did not change since it was opened.
Status MutableIndex::Verify(const RequestContext& context) const {
  const std::lock_guard file_lock(file_mutex_);
  if (file_ == nullptr) return Status::Ok();
  if (saved_.CommitFailed()) {
    return FailedPrecondition(
        "The last checkpoint of {} failed half-way: checkpoint again, or open it again",
        saved_.path());
  }
  const Layout& layout = vertices_.layout();
  for (uint32_t i = 0; i < layout.extent_count(header_.slot_count); ++i) {
    IOLITE_RETURN_IF_ERROR(context.Check());
    IOLITE_RETURN_IF_ERROR(CheckExtent(i));
  }
  return Status::Ok();
}

}  // namespace

Result<std::unique_ptr<QgMutableIndex>> QgMutableIndex::Make(const IndexBuildOptions& options) {
  Layout layout;
  IOLITE_ASSIGN_OR_RETURN(Header header, NewHeader(options, layout));
  return std::unique_ptr<QgMutableIndex>(
      std::make_unique<MutableIndex>(std::move(header), layout, options));
}

Result<std::unique_ptr<QgMutableIndex>> QgMutableIndex::Open(storage::Disk& disk,
                                                             const std::string& path,
                                                             const IndexBuildOptions& options) {
  IOLITE_RETURN_IF_ERROR(FinishJournal(disk, path).status());
  IOLITE_ASSIGN_OR_RETURN(auto file, disk.Map(path));
  Layout layout;
  auto header = Header::Decode(file->bytes(), layout);
  if (!header.ok()) return header.status().WithContext(path);
  auto index = std::make_unique<MutableIndex>(std::move(*header), layout, options);
  if (Status loaded = index->Load(std::move(file), path); !loaded.ok()) {
    return loaded.WithContext(path);
  }
  return std::unique_ptr<QgMutableIndex>(std::move(index));
}

}  // namespace iolite::vector
