#include "iolite/storage/testing/simulated_disk.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <variant>

#include "iolite/base/check.h"

namespace iolite::storage::testing {

/// A write, or a change of size when there are no bytes.
struct FileChange {
  int64_t offset_bytes = 0;
  std::string bytes;
  bool truncates = false;
};

struct SimulatedFile {
  std::string now, durable;
  std::vector<FileChange> pending;
  int64_t modified_ns = 0;
  uint64_t inode = 0;
  std::map<const void*, LockKind> locks;  // by open file
};

using Node = std::variant<std::shared_ptr<SimulatedFile>, std::shared_ptr<SimulatedFolder>>;

/// A name given, taken away (no node), or moved (`from` set): a rename is one change, never half of
/// it.
struct EntryChange {
  std::string name;
  std::optional<Node> node;
  std::string from;
};

struct SimulatedFolder {
  std::map<std::string, Node> now, durable;
  std::vector<EntryChange> pending;

  void Change(EntryChange change) {
    Apply(change, now);
    pending.push_back(std::move(change));
  }
  static void Apply(const EntryChange& change, std::map<std::string, Node>& entries) {
    if (!change.from.empty()) entries.erase(change.from);
    if (change.node) {
      entries.insert_or_assign(change.name, *change.node);
    } else {
      entries.erase(change.name);
    }
  }
};

namespace {

void Apply(const FileChange& change, std::string& bytes) {
  const auto offset = static_cast<size_t>(change.offset_bytes);
  if (change.truncates) {
    bytes.resize(offset);
    return;
  }
  if (bytes.size() < offset + change.bytes.size()) bytes.resize(offset + change.bytes.size());
  bytes.replace(offset, change.bytes.size(), change.bytes);
}

/// How much of the unsynced a crash keeps: some lose all, some nothing, most a part.
double KeptShare(Random& random) {
  const double shares[] = {0, .2, .5, .8, 1};
  return shares[random.NextBelow(5)];
}

void CrashFile(SimulatedFile& file, double kept_share, Random& random) {
  for (auto& change : file.pending) {
    if (random.NextUnit() >= kept_share) continue;
    if (random.NextBelow(3) == 0) change.bytes.resize(random.NextBelow(change.bytes.size() + 1));
    Apply(change, file.durable);
  }
  file.now = file.durable;
  file.pending.clear();
  file.locks.clear();
}

void CrashFolder(SimulatedFolder& folder, double kept_share, Random& random) {
  for (const auto& change : folder.pending) {
    if (random.NextUnit() < kept_share) SimulatedFolder::Apply(change, folder.durable);
  }
  folder.now = folder.durable;
  folder.pending.clear();
  for (const auto& [name, node] : folder.now) {
    if (const auto* file = std::get_if<std::shared_ptr<SimulatedFile>>(&node)) {
      CrashFile(**file, kept_share, random);
    } else {
      CrashFolder(*std::get<std::shared_ptr<SimulatedFolder>>(node), kept_share, random);
    }
  }
}

Status Failed(int error_number, std::string_view verb, const std::string& path) {
  return ErrnoStatus(error_number, fmt::format("Cannot {} {}", verb, path));
}

// A copy that, like a mapping of a file, cannot be written to.
class ProtectedCopy final : public MappedObject {
 public:
  explicit ProtectedCopy(std::string_view bytes) : size_(bytes.size()) {
    if (size_ == 0) return;
    start_ = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    IOLITE_CHECK(start_ != MAP_FAILED, "there is memory for a copy of the file");
    std::memcpy(start_, bytes.data(), size_);
    mprotect(start_, size_, PROT_READ);
  }
  ~ProtectedCopy() override {
    if (start_ != nullptr) munmap(start_, size_);
  }
  std::string_view bytes() const override { return {static_cast<const char*>(start_), size_}; }

 private:
  const size_t size_;
  void* start_ = nullptr;
};

}  // namespace

class SimulatedHandle final : public DiskFile {
 public:
  SimulatedHandle(SimulatedDisk& disk, std::shared_ptr<SimulatedFile> file, std::string path,
                  bool writable)
      : disk_(disk),
        file_(std::move(file)),
        path_(std::move(path)),
        writable_(writable),
        generation_(disk.generation_) {}

  ~SimulatedHandle() override {
    const std::lock_guard lock(disk_.mutex_);
    file_->locks.erase(this);
    disk_.lock_released_.notify_all();
  }

  Result<size_t> ReadAt(int64_t offset_bytes, std::span<char> buffer) const override {
    const std::lock_guard lock(disk_.mutex_);
    IOLITE_RETURN_IF_ERROR(Begin("read"));
    const auto offset = static_cast<size_t>(offset_bytes);
    if (offset >= file_->now.size()) return size_t{0};
    return file_->now.copy(buffer.data(), buffer.size(), offset);
  }

  Status WriteAt(int64_t offset_bytes, std::string_view bytes) override {
    const std::lock_guard lock(disk_.mutex_);
    return Write(offset_bytes, bytes);
  }

  Status Append(std::string_view bytes) override {
    const std::lock_guard lock(disk_.mutex_);
    return Write(static_cast<int64_t>(file_->now.size()), bytes);
  }

  Status Truncate(int64_t size_bytes) override {
    const std::lock_guard lock(disk_.mutex_);
    IOLITE_RETURN_IF_ERROR(BeginChange("truncate"));
    Change({.offset_bytes = size_bytes, .truncates = true});
    return Status();
  }

  Status SetModified(int64_t unix_ns) override {
    const std::lock_guard lock(disk_.mutex_);
    IOLITE_RETURN_IF_ERROR(BeginChange("set the time of"));
    file_->modified_ns = unix_ns;
    return Status();
  }

  Status Sync() override {
    const std::lock_guard lock(disk_.mutex_);
    auto begun = Begin("sync");
    if (!begun.ok() && !disk_.stopped_) file_->pending.clear();  // lost for good, though still read
    IOLITE_RETURN_IF_ERROR(begun);
    for (const auto& change : file_->pending) Apply(change, file_->durable);
    file_->pending.clear();
    return Status();
  }

  Result<DiskStat> Stat() const override {
    const std::lock_guard lock(disk_.mutex_);
    IOLITE_RETURN_IF_ERROR(Begin("look at"));
    return DiskStat{.size_bytes = static_cast<int64_t>(file_->now.size()),
                    .modified_ns = file_->modified_ns,
                    .inode = file_->inode};
  }

  Result<bool> TryLock(LockKind kind) override {
    const std::lock_guard lock(disk_.mutex_);
    IOLITE_RETURN_IF_ERROR(Begin("lock"));
    return TakeLock(kind);
  }

  Status Lock(LockKind kind) override {
    std::unique_lock lock(disk_.mutex_);
    IOLITE_RETURN_IF_ERROR(Begin("lock"));
    file_->locks.erase(this);
    disk_.lock_released_.notify_all();
    bool taken = false;
    disk_.lock_released_.wait(lock, [&] {
      taken = generation_ == disk_.generation_ && TakeLock(kind);
      return taken || generation_ != disk_.generation_;
    });
    return taken ? Status() : Failed(EIO, "lock", path_);
  }

 private:
  Status Begin(std::string_view verb) const {
    if (generation_ != disk_.generation_) return Failed(EIO, verb, path_);
    return disk_.Begin(verb, path_);
  }

  Status BeginChange(std::string_view verb) {
    if (!writable_) return Failed(EBADF, verb, path_);
    return Begin(verb);
  }

  Status Write(int64_t offset_bytes, std::string_view bytes) {
    const auto begun = BeginChange("write to");
    if (!begun.ok()) bytes = bytes.substr(0, writable_ ? bytes.size() / 2 : 0);
    const auto end = offset_bytes + static_cast<int64_t>(bytes.size());
    const int64_t growth = end - static_cast<int64_t>(file_->now.size());
    const bool full = disk_.free_bytes_ && growth > *disk_.free_bytes_;
    if (full) bytes.remove_suffix(static_cast<size_t>(growth - *disk_.free_bytes_));
    if (disk_.free_bytes_) *disk_.free_bytes_ -= std::clamp<int64_t>(growth, 0, *disk_.free_bytes_);
    if (generation_ == disk_.generation_ && !bytes.empty()) {
      Change({.offset_bytes = offset_bytes, .bytes = std::string(bytes)});
    }
    return begun.ok() && full ? Failed(ENOSPC, "write to", path_) : begun;
  }

  void Change(FileChange change) {
    Apply(change, file_->now);
    file_->modified_ns = ++disk_.time_ns_;
    file_->pending.push_back(std::move(change));
  }

  bool TakeLock(LockKind kind) {
    for (const auto& [holder, held] : file_->locks) {
      if (holder == this) continue;
      if (kind == LockKind::kExclusive || held == LockKind::kExclusive) return false;
    }
    file_->locks[this] = kind;
    disk_.lock_released_.notify_all();  // an exclusive one may have become shared
    return true;
  }

  SimulatedDisk& disk_;
  const std::shared_ptr<SimulatedFile> file_;
  const std::string path_;
  const bool writable_;
  const int64_t generation_;
};

SimulatedDisk::SimulatedDisk() : root_(std::make_shared<SimulatedFolder>()) {}
SimulatedDisk::~SimulatedDisk() = default;

void SimulatedDisk::FailOperation(int64_t index, int error_number) {
  const std::lock_guard lock(mutex_);
  fail_at_ = operation_count_ + index;
  fail_with_ = error_number;
}

void SimulatedDisk::StopAtOperation(int64_t index) {
  const std::lock_guard lock(mutex_);
  stop_at_ = operation_count_ + index;
}

void SimulatedDisk::SetFreeBytes(std::optional<int64_t> bytes) {
  const std::lock_guard lock(mutex_);
  free_bytes_ = bytes;
}

void SimulatedDisk::Crash(Random& random) {
  const std::lock_guard lock(mutex_);
  CrashFolder(*root_, KeptShare(random), random);
  ++generation_;
  stopped_ = false;
  stop_at_ = fail_at_ = 0;
  lock_released_.notify_all();
}

int64_t SimulatedDisk::operation_count() const {
  const std::lock_guard lock(mutex_);
  return operation_count_;
}

Status SimulatedDisk::Begin(std::string_view verb, const std::string& path) {
  ++operation_count_;
  if (operation_count_ == stop_at_) stopped_ = true;
  if (stopped_) return Failed(EIO, verb, path);
  if (operation_count_ == fail_at_) return Failed(fail_with_, verb, path);
  return Status();
}

Result<SimulatedDisk::Place> SimulatedDisk::Find(const std::string& path) {
  Place place{.folder = root_};
  size_t begin = path.find_first_not_of('/');
  while (begin != std::string::npos) {
    const size_t end = path.find('/', begin);
    place.name = path.substr(begin, end == std::string::npos ? end : end - begin);
    begin = path.find_first_not_of('/', end);
    if (begin == std::string::npos) break;
    const auto entry = place.folder->now.find(place.name);
    if (entry == place.folder->now.end()) return Failed(ENOENT, "find", path);
    const auto* folder = std::get_if<std::shared_ptr<SimulatedFolder>>(&entry->second);
    if (folder == nullptr) return Failed(ENOTDIR, "find", path);
    place.folder = *folder;
  }
  return place;
}

Result<std::shared_ptr<SimulatedFolder>> SimulatedDisk::FindFolder(const std::string& path) {
  IOLITE_ASSIGN_OR_RETURN(const auto place, Find(path));
  if (place.name.empty()) return root_;
  const auto entry = place.folder->now.find(place.name);
  if (entry == place.folder->now.end()) return Failed(ENOENT, "find", path);
  const auto* folder = std::get_if<std::shared_ptr<SimulatedFolder>>(&entry->second);
  if (folder == nullptr) return Failed(ENOTDIR, "use as a folder", path);
  return *folder;
}

Result<std::shared_ptr<SimulatedFile>> SimulatedDisk::FindFile(const std::string& path) {
  IOLITE_ASSIGN_OR_RETURN(const auto place, Find(path));
  const auto entry = place.folder->now.find(place.name);
  if (entry == place.folder->now.end()) return Failed(ENOENT, "open", path);
  const auto* file = std::get_if<std::shared_ptr<SimulatedFile>>(&entry->second);
  if (file == nullptr) return Failed(EISDIR, "open", path);
  return *file;
}

Result<std::unique_ptr<DiskFile>> SimulatedDisk::Open(const std::string& path, OpenMode mode) {
  const std::lock_guard lock(mutex_);
  IOLITE_RETURN_IF_ERROR(Begin("open", path));
  IOLITE_ASSIGN_OR_RETURN(const auto place, Find(path));
  const bool there = place.folder->now.contains(place.name);
  if (there && mode == OpenMode::kCreate) return Failed(EEXIST, "open", path);
  if (!there && mode != OpenMode::kRead) {
    auto file = std::make_shared<SimulatedFile>();
    file->inode = inode_next_++;
    file->modified_ns = ++time_ns_;
    place.folder->Change({.name = place.name, .node = std::move(file)});
  }
  IOLITE_ASSIGN_OR_RETURN(auto file, FindFile(path));
  return std::unique_ptr<DiskFile>(
      std::make_unique<SimulatedHandle>(*this, std::move(file), path, mode != OpenMode::kRead));
}

Result<std::shared_ptr<const MappedObject>> SimulatedDisk::Map(const std::string& path) {
  const std::lock_guard lock(mutex_);
  IOLITE_RETURN_IF_ERROR(Begin("map", path));
  IOLITE_ASSIGN_OR_RETURN(const auto file, FindFile(path));
  return std::shared_ptr<const MappedObject>(std::make_shared<ProtectedCopy>(file->now));
}

Result<DiskStat> SimulatedDisk::Stat(const std::string& path) {
  const std::lock_guard lock(mutex_);
  IOLITE_RETURN_IF_ERROR(Begin("look at", path));
  if (FindFolder(path).ok()) return DiskStat{.is_folder = true};
  IOLITE_ASSIGN_OR_RETURN(const auto file, FindFile(path));
  return DiskStat{.size_bytes = static_cast<int64_t>(file->now.size()),
                  .modified_ns = file->modified_ns,
                  .inode = file->inode};
}

Status SimulatedDisk::Rename(const std::string& from, const std::string& to) {
  return Move(from, to, /*over=*/true);
}

Status SimulatedDisk::RenameToNew(const std::string& from, const std::string& to) {
  return Move(from, to, /*over=*/false);
}

Status SimulatedDisk::Move(const std::string& from, const std::string& to, bool over) {
  const std::lock_guard lock(mutex_);
  IOLITE_RETURN_IF_ERROR(Begin("make", to));
  IOLITE_ASSIGN_OR_RETURN(const auto source, Find(from));
  IOLITE_ASSIGN_OR_RETURN(const auto target, Find(to));
  if (source.folder != target.folder) return Failed(EXDEV, "make", to);
  const auto entry = source.folder->now.find(source.name);
  if (entry == source.folder->now.end()) return Failed(ENOENT, "make", to);
  if (!over && target.folder->now.contains(target.name)) return Failed(EEXIST, "make", to);
  target.folder->Change({.name = target.name, .node = entry->second, .from = source.name});
  return Status();
}

Status SimulatedDisk::Remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  IOLITE_RETURN_IF_ERROR(Begin("remove", path));
  IOLITE_RETURN_IF_ERROR(FindFile(path).status());
  const auto place = Find(path).value();
  place.folder->Change({.name = place.name});
  return Status();
}

Status SimulatedDisk::MakeFolder(const std::string& path) {
  const std::lock_guard lock(mutex_);
  IOLITE_RETURN_IF_ERROR(Begin("make the folder", path));
  IOLITE_ASSIGN_OR_RETURN(const auto place, Find(path));
  const bool there = place.name.empty() || place.folder->now.contains(place.name);
  if (there) return Failed(EEXIST, "make the folder", path);
  place.folder->Change({.name = place.name, .node = std::make_shared<SimulatedFolder>()});
  return Status();
}

Status SimulatedDisk::SyncFolder(const std::string& path) {
  const std::lock_guard lock(mutex_);
  IOLITE_RETURN_IF_ERROR(Begin("sync", path));
  IOLITE_ASSIGN_OR_RETURN(const auto folder, FindFolder(path));
  folder->durable = folder->now;
  folder->pending.clear();
  return Status();
}

Result<std::vector<DiskEntry>> SimulatedDisk::ListFolder(const std::string& path) {
  const std::lock_guard lock(mutex_);
  IOLITE_RETURN_IF_ERROR(Begin("list", path));
  IOLITE_ASSIGN_OR_RETURN(const auto folder, FindFolder(path));
  std::vector<DiskEntry> entries;
  for (const auto& [name, node] : folder->now) {
    entries.push_back({name, std::holds_alternative<std::shared_ptr<SimulatedFolder>>(node)});
  }
  return entries;
}

}  // namespace iolite::storage::testing
