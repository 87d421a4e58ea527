#include "iolite/vector/qg/checkpoint.h"

#include <cstring>
#include <limits>

#include "iolite/base/hash.h"

namespace iolite::vector::qg {
namespace {

constexpr std::string_view kMagic = "IOLQGJNL";
constexpr uint64_t kEnd = std::numeric_limits<uint64_t>::max();
constexpr size_t kFlushBytes = 1 << 20;

std::string JournalPath(const std::string& path) { return path + ".journal"; }
std::string TemporaryPath(const std::string& path) { return path + ".tmp"; }

template <class T>
void Put(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

template <class T>
T Take(std::string_view& bytes) {
  T value{};
  if (bytes.size() >= sizeof(T)) {
    std::memcpy(&value, bytes.data(), sizeof(T));
    bytes.remove_prefix(sizeof(T));
  }
  return value;
}

Status RemoveIfThere(storage::Disk& disk, const std::string& path) {
  const Status removed = disk.Remove(path);
  return removed.code() == StatusCode::kNotFound ? Status::Ok() : removed;
}

// A file of its own, synced, under a temporary name.
Result<std::unique_ptr<storage::DiskFile>> OpenTemporary(storage::Disk& disk,
                                                         const std::string& path) {
  IOLITE_RETURN_IF_ERROR(RemoveIfThere(disk, TemporaryPath(path)));
  return disk.Open(TemporaryPath(path), storage::OpenMode::kCreate);
}

// The name is on disk once the folder is synced.
Status GiveName(storage::Disk& disk, storage::DiskFile& file, const std::string& path) {
  IOLITE_RETURN_IF_ERROR(file.Sync());
  return disk.Rename(TemporaryPath(path), path);
}

// The journal is whole: its name appeared only after it was synced. Anything else is damage.
Status Apply(storage::Disk& disk, const std::string& path, std::string_view journal) {
  auto damaged = [&] {
    return DataLoss("{} is damaged: it is no whole journal of changes", JournalPath(path));
  };
  if (journal.size() < kMagic.size() + 20 || journal.substr(0, kMagic.size()) != kMagic) {
    return damaged();
  }
  std::string_view tail = journal.substr(journal.size() - 4);
  if (Take<uint32_t>(tail) != Crc32c(journal.substr(0, journal.size() - 4))) return damaged();
  IOLITE_ASSIGN_OR_RETURN(auto file, disk.Open(path, storage::OpenMode::kReadWrite));
  journal.remove_prefix(kMagic.size());
  for (;;) {
    const auto offset = Take<uint64_t>(journal), size = Take<uint64_t>(journal);
    if (offset == kEnd) break;
    if (size > journal.size()) return damaged();
    IOLITE_RETURN_IF_ERROR(file->WriteAt(static_cast<int64_t>(offset), journal.substr(0, size)));
    journal.remove_prefix(size);
  }
  return file->Sync();
}

}  // namespace

Status WriteWhole(storage::Disk& disk, const std::string& path,
                  const std::function<Status(storage::DiskFile&)>& write) {
  IOLITE_ASSIGN_OR_RETURN(auto file, OpenTemporary(disk, path));
  IOLITE_RETURN_IF_ERROR(write(*file));
  IOLITE_RETURN_IF_ERROR(GiveName(disk, *file, path));
  return disk.SyncFolder(storage::ParentFolder(path));
}

Result<std::unique_ptr<JournaledWrite>> JournaledWrite::Begin(storage::Disk& disk,
                                                              const std::string& path) {
  std::unique_ptr<JournaledWrite> write(new JournaledWrite(disk, path));
  IOLITE_ASSIGN_OR_RETURN(write->journal_, OpenTemporary(disk, JournalPath(path)));
  write->pending_ = kMagic;
  return write;
}

Status JournaledWrite::Append(std::string_view bytes) {
  pending_.append(bytes);
  if (pending_.size() < kFlushBytes) return Status::Ok();
  sum_ = Crc32c(pending_, sum_);
  IOLITE_RETURN_IF_ERROR(journal_->Append(pending_));
  pending_.clear();
  return Status::Ok();
}

Status JournaledWrite::Add(uint64_t offset_bytes, std::string_view bytes) {
  std::string head;
  Put(head, offset_bytes);
  Put(head, static_cast<uint64_t>(bytes.size()));
  ++count_;
  IOLITE_RETURN_IF_ERROR(Append(head));
  return Append(bytes);
}

Status JournaledWrite::Commit() {
  Put(pending_, kEnd);
  Put(pending_, count_);
  sum_ = Crc32c(pending_, sum_);
  Put(pending_, sum_);
  IOLITE_RETURN_IF_ERROR(journal_->Append(pending_));
  IOLITE_RETURN_IF_ERROR(GiveName(disk_, *journal_, JournalPath(path_)));
  journal_.reset();
  return FinishJournal(disk_, path_).status();
}

Result<bool> HasJournal(storage::Disk& disk, const std::string& path) {
  auto stat = disk.Stat(JournalPath(path));
  if (stat.ok()) return true;
  if (stat.status().code() == StatusCode::kNotFound) return false;
  return stat.status();
}

Result<bool> FinishJournal(storage::Disk& disk, const std::string& path) {
  IOLITE_RETURN_IF_ERROR(RemoveIfThere(disk, TemporaryPath(JournalPath(path))));
  IOLITE_ASSIGN_OR_RETURN(const bool there, HasJournal(disk, path));
  if (!there) return false;
  // Before the file is touched, the name must outlast a crash; it need not have been synced yet.
  IOLITE_RETURN_IF_ERROR(disk.SyncFolder(storage::ParentFolder(path)));
  {
    IOLITE_ASSIGN_OR_RETURN(auto mapped, disk.Map(JournalPath(path)));
    IOLITE_RETURN_IF_ERROR(Apply(disk, path, mapped->bytes()));
  }
  IOLITE_RETURN_IF_ERROR(RemoveIfThere(disk, JournalPath(path)));
  IOLITE_RETURN_IF_ERROR(disk.SyncFolder(storage::ParentFolder(path)));
  return true;
}

}  // namespace iolite::vector::qg
