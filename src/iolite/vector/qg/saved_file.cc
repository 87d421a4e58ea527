#include "iolite/vector/qg/saved_file.h"

#include <algorithm>
#include <utility>

namespace iolite::vector::qg {

void SavedFile::Holds(const std::string& path, uint32_t slot_count) {
  path_ = path;
  slot_count_ = slot_count;
  changed_.assign(slot_count, false);
  commit_failed_ = false;
}

void SavedFile::MarkChanged(uint32_t slot) {
  if (slot >= changed_.size()) changed_.resize(slot + 1, false);
  changed_[slot] = true;
}

Status SavedFile::FinishCommit(storage::Disk& disk) {
  IOLITE_ASSIGN_OR_RETURN(const bool applied, FinishJournal(disk, path_));
  // What Undo marked is written once more; but extents that the header now counts must go through
  // a journal.
  if (commit_failed_ && applied) slot_count_ = saving_slot_count_;
  commit_failed_ = false;
  return Status::Ok();
}

Status SavedFile::Begin(const RequestContext& context, storage::Disk& disk,
                        const LiveVertices& vertices, const Header& header) {
  saving_slot_count_ = vertices.slot_count();
  changed_.resize(saving_slot_count_, false);
  saving_ = std::exchange(changed_, std::vector<bool>(saving_slot_count_, false));
  IOLITE_RETURN_IF_ERROR(AppendExtents(context, disk, vertices));
  IOLITE_ASSIGN_OR_RETURN(auto journal, JournaledWrite::Begin(disk, path_));
  IOLITE_ASSIGN_OR_RETURN(const bool any, AddChanges(context, vertices, *journal));
  if (!any && saving_slot_count_ == slot_count_) return FinishJournal(disk, path_).status();
  IOLITE_RETURN_IF_ERROR(journal->Add(0, header.Encode()));
  journal_ = std::move(journal);
  return Status::Ok();
}

// Extents behind the end of the file count only once its header does.
Status SavedFile::AppendExtents(const RequestContext& context, storage::Disk& disk,
                                const LiveVertices& vertices) {
  const Layout& layout = vertices.layout();
  const uint32_t first = layout.extent_count(slot_count_);
  const uint32_t end = layout.extent_count(saving_slot_count_);
  if (first == end) return Status::Ok();
  std::vector<char> bytes(layout.extent_bytes());
  IOLITE_ASSIGN_OR_RETURN(auto file, disk.Open(path_, storage::OpenMode::kReadWrite));
  for (uint32_t i = first; i < end; ++i) {
    IOLITE_RETURN_IF_ERROR(context.Check());
    vertices.CopyExtent(i, bytes.data());
    SumExtent(layout, bytes.data());
    const size_t offset = Header::BytesFor(layout.padded()) + i * layout.extent_bytes();
    IOLITE_RETURN_IF_ERROR(
        file->WriteAt(static_cast<int64_t>(offset), {bytes.data(), bytes.size()}));
  }
  return file->Sync();
}

Result<bool> SavedFile::AddChanges(const RequestContext& context, const LiveVertices& vertices,
                                   JournaledWrite& journal) {
  const Layout& layout = vertices.layout();
  std::vector<char> bytes(layout.extent_bytes());
  bool any = false;
  for (uint32_t i = 0; i < layout.extent_count(slot_count_); ++i) {
    IOLITE_RETURN_IF_ERROR(context.Check());
    const uint32_t begin = i << layout.extent_shift();
    const auto end = std::min<size_t>(begin + layout.extent_rows(), saving_.size());
    const auto from = saving_.begin() + begin;
    const auto to = saving_.begin() + static_cast<ptrdiff_t>(end);
    if (std::find(from, to, true) == to) continue;
    any = true;
    vertices.CopyExtent(i, bytes.data());
    SumExtent(layout, bytes.data());
    const uint64_t offset = Header::BytesFor(layout.padded()) + uint64_t{i} * layout.extent_bytes();
    auto add = [&](size_t at, size_t size) {
      return size == 0 ? Status::Ok() : journal.Add(offset + at, {bytes.data() + at, size});
    };
    for (uint32_t place = 0; begin + place < end; ++place) {
      if (!saving_[begin + place]) continue;
      IOLITE_RETURN_IF_ERROR(add(place * layout.row_bytes(), layout.row_bytes()));
      for (const Layout::Column* column :
           {&layout.low(), &layout.signs(), &layout.lengths(), &layout.fillers(), &layout.ids()}) {
        IOLITE_RETURN_IF_ERROR(add(column->offset + place * column->bytes, column->bytes));
      }
    }
    IOLITE_RETURN_IF_ERROR(add(layout.checksum_at(), 4));
  }
  return any;
}

Status SavedFile::Commit() {
  const auto journal = std::exchange(journal_, nullptr);
  commit_failed_ = true;
  IOLITE_RETURN_IF_ERROR(journal->Commit());
  commit_failed_ = false;
  slot_count_ = saving_slot_count_;
  saving_.clear();
  return Status::Ok();
}

void SavedFile::Undo() {
  journal_.reset();
  for (uint32_t slot = 0; slot < saving_.size(); ++slot) {
    if (saving_[slot]) MarkChanged(slot);
  }
}

Status WriteIndexFile(const RequestContext& context, const LiveVertices& vertices,
                      const Header& header, storage::DiskFile& file) {
  const Layout& layout = vertices.layout();
  IOLITE_RETURN_IF_ERROR(file.Append(header.Encode()));
  std::vector<char> bytes(layout.extent_bytes());
  for (uint32_t i = 0; i < layout.extent_count(vertices.slot_count()); ++i) {
    IOLITE_RETURN_IF_ERROR(context.Check());
    vertices.CopyExtent(i, bytes.data());
    SumExtent(layout, bytes.data());
    IOLITE_RETURN_IF_ERROR(file.Append({bytes.data(), bytes.size()}));
  }
  return file.Sync();
}

}  // namespace iolite::vector::qg
