#include "iolite/vector/qg_mutable_index.h"

#include <chrono>
#include <memory>
#include <mutex>
#include <unordered_set>
#include <utility>
#include <vector>

#include "iolite/vector/internal/query.h"
#include "iolite/vector/qg/checkpoint.h"
#include "iolite/vector/qg/live_graph.h"
#include "iolite/vector/qg/live_view.h"
#include "iolite/vector/qg/new_header.h"
#include "iolite/vector/qg/saved_file.h"
#include "iolite/vector/qg/search.h"

namespace iolite::vector {
namespace {

using namespace qg;

class MutableIndex final : public QgMutableIndex {
 public:
  MutableIndex(Header header, const Layout& layout, Budget& budget)
      : graph_(std::move(header), layout, budget, saved_) {}

  Status Load(std::shared_ptr<const storage::MappedObject> file, const std::string& path);

  Result<size_t> Search(const RequestContext& context, const VectorSearch& request,
                        std::span<Neighbor> out) const override;
  Status Insert(const RequestContext& context, std::span<const uint32_t> ids,
                std::span<const float> rows) override;
  Status Replace(const RequestContext& context, std::span<const uint32_t> ids,
                 std::span<const float> rows) override;
  Status Delete(const RequestContext& context, std::span<const uint32_t> ids) override;
  Status Checkpoint(const RequestContext& context, storage::Disk& disk,
                    const std::string& path) override;
  bool Contains(uint32_t id) const override { return graph_.Contains(id); }

  std::string_view kind() const override { return "qg"; }
  Metric metric() const override { return graph_.header().metric; }
  ElementType element_type() const override { return graph_.header().element_type; }
  int32_t dimension() const override { return static_cast<int32_t>(graph_.header().dimension); }
  int64_t row_count() const override { return graph_.row_count(); }
  int64_t memory_bytes() const override { return graph_.vertices().memory_bytes(); }
  int64_t mapped_bytes() const override {
    return file_ == nullptr ? 0 : static_cast<int64_t>(file_->bytes().size());
  }
  Status Verify(const RequestContext& context) const override;

 private:
  Status CheckNew(std::span<const uint32_t> ids) const;
  Status InsertOne(const RequestContext& context, uint32_t id, const float* values);
  const char* MappedExtents() const {
    return file_->bytes().data() + Header::BytesFor(graph_.vertices().layout().padded());
  }
  Status WriteWholeFile(const RequestContext& context, storage::Disk& disk,
                        const std::string& path);
  Status WriteChanges(const RequestContext& context, storage::Disk& disk);
  Status WaitForReaders(const RequestContext& context);

  mutable std::mutex file_mutex_;  // guards saved_.Commit; taken before mutex_
  std::mutex mutex_;               // guards saved_, and all changes of graph_
  SavedFile saved_;
  std::shared_ptr<const storage::MappedObject> file_;
  LiveGraph graph_;
};

Status MutableIndex::Load(std::shared_ptr<const storage::MappedObject> file,
                          const std::string& path) {
  file_ = std::move(file);
  IOLITE_RETURN_IF_ERROR(graph_.Load(MappedExtents()));
  saved_.Holds(path, graph_.vertices().slot_count());
  return Status::Ok();
}

Result<size_t> MutableIndex::Search(const RequestContext& context, const VectorSearch& request,
                                    std::span<Neighbor> out) const {
  IOLITE_RETURN_IF_ERROR(internal::CheckQuery(request.query, graph_.header().dimension));
  IOLITE_RETURN_IF_ERROR(context.Check());
  const Epochs::Guard guard = graph_.Enter();
  const LiveView view(graph_);
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

Status MutableIndex::Insert(const RequestContext& context, std::span<const uint32_t> ids,
                            std::span<const float> rows) {
  const size_t width = graph_.header().dimension;
  IOLITE_RETURN_IF_ERROR(internal::CheckRows(rows, ids.size(), width, 0));
  {
    const std::lock_guard lock(mutex_);
    IOLITE_RETURN_IF_ERROR(CheckNew(ids));
    graph_.Begin(rows);
  }
  for (size_t i = 0; i < ids.size(); ++i) {
    const Status status = InsertOne(context, ids[i], rows.data() + i * width);
    if (status.ok()) continue;
    if (i > 0) IOLITE_RETURN_IF_ERROR(Delete(RequestContext{}, ids.first(i)));
    return status;
  }
  return Status::Ok();
}

// Leaves nothing behind when it fails.
Status MutableIndex::InsertOne(const RequestContext& context, uint32_t id, const float* values) {
  const Epochs::Guard guard = graph_.Enter();
  IOLITE_ASSIGN_OR_RETURN(const Arrival arrival, Prepare(context, graph_, id, values));
  const std::lock_guard lock(mutex_);
  // Another writer may have come first.
  if (Contains(id)) return AlreadyExists("Row {} is in the index", id);
  Status status = graph_.Put(arrival);
  if (!status.ok() && Contains(id)) IOLITE_RETURN_IF_ERROR(graph_.Remove({&id, 1}));
  return status;
}

Status MutableIndex::Replace(const RequestContext& context, std::span<const uint32_t> ids,
                             std::span<const float> rows) {
  const size_t width = graph_.header().dimension;
  IOLITE_RETURN_IF_ERROR(internal::CheckRows(rows, ids.size(), width, 0));
  for (size_t i = 0; i < ids.size(); ++i) {
    const Epochs::Guard guard = graph_.Enter();
    IOLITE_ASSIGN_OR_RETURN(const Arrival arrival,
                            Prepare(context, graph_, ids[i], rows.data() + i * width));
    const std::lock_guard lock(mutex_);
    if (!Contains(ids[i])) return NotFound("Row {} is not in the index", ids[i]);
    IOLITE_RETURN_IF_ERROR(graph_.Put(arrival));
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
  return graph_.Remove(ids);
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
    return WriteIndexFile(context, graph_.vertices(), graph_.CurrentHeader(), file);
  }));
  saved_.Holds(path, graph_.vertices().slot_count());
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
    status = saved_.Begin(context, disk, graph_.vertices(), graph_.CurrentHeader());
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
    graph_.epochs().Retire([left] { *left = true; });
  }
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      graph_.epochs().Collect();
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
  const Layout& layout = graph_.vertices().layout();
  for (uint32_t i = 0; i < layout.extent_count(graph_.header().slot_count); ++i) {
    IOLITE_RETURN_IF_ERROR(context.Check());
    IOLITE_RETURN_IF_ERROR(CheckExtent(layout, i, MappedExtents() + i * layout.extent_bytes()));
  }
  return Status::Ok();
}

}  // namespace

Result<std::unique_ptr<QgMutableIndex>> QgMutableIndex::Make(const IndexBuildOptions& options) {
  Layout layout;
  IOLITE_ASSIGN_OR_RETURN(Header header, NewHeader(options, layout));
  return std::unique_ptr<QgMutableIndex>(
      std::make_unique<MutableIndex>(std::move(header), layout, *options.budget));
}

Result<std::unique_ptr<QgMutableIndex>> QgMutableIndex::Open(storage::Disk& disk,
                                                             const std::string& path,
                                                             const IndexBuildOptions& options) {
  IOLITE_RETURN_IF_ERROR(FinishJournal(disk, path).status());
  IOLITE_ASSIGN_OR_RETURN(auto file, disk.Map(path));
  Layout layout;
  auto header = Header::Decode(file->bytes(), layout);
  if (!header.ok()) return header.status().WithContext(path);
  auto index = std::make_unique<MutableIndex>(std::move(*header), layout, *options.budget);
  if (Status loaded = index->Load(std::move(file), path); !loaded.ok()) {
    return loaded.WithContext(path);
  }
  return std::unique_ptr<QgMutableIndex>(std::move(index));
}

}  // namespace iolite::vector
