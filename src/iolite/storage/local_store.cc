#include "iolite/storage/local_store.h"

#include <algorithm>
#include <utility>

#include "iolite/storage/internal/draft.h"
#include "iolite/storage/internal/object_path.h"

namespace iolite::storage {
namespace {

using internal::Draft;

constexpr int64_t kHashedBytesMax = 1 << 20;
constexpr std::string_view kWritersLock = ".iolite-writers";
constexpr std::string_view kSwapLock = ".iolite-swap";

Etag StatEtag(const DiskStat& stat) {
  return fmt::format("{:x}-{:x}-{:x}", stat.size_bytes, stat.inode, stat.modified_ns);
}

Result<Etag> EtagOf(const DiskFile& file, const DiskStat& stat) {
  if (stat.size_bytes > kHashedBytesMax) return StatEtag(stat);
  IOLITE_ASSIGN_OR_RETURN(const auto bytes, ReadWhole(file));
  return internal::ContentEtag(bytes);
}

class LocalWriter final : public ObjectWriter {
 public:
  LocalWriter(Draft draft, std::string path, std::string root, std::string file)
      : draft_(std::move(draft)), path_(path), root_(root), file_(file) {}

  Status Append(std::string_view bytes) override { return draft_.Append(bytes); }
  int64_t size_bytes() const override { return draft_.size_bytes(); }

  Result<ObjectInfo> Seal() override {
    IOLITE_RETURN_IF_ERROR(draft_.Finish());
    IOLITE_ASSIGN_OR_RETURN(const auto stat, draft_.file().Stat());
    IOLITE_ASSIGN_OR_RETURN(auto etag, EtagOf(draft_.file(), stat));
    auto published = draft_.PublishNew(file_);
    if (published.code() == StatusCode::kAlreadyExists) return internal::ObjectExists(root_, path_);
    IOLITE_RETURN_IF_ERROR(published);
    return ObjectInfo{path_, stat.size_bytes, std::move(etag)};
  }

 private:
  Draft draft_;
  const std::string path_, root_, file_;
};

class LocalStore final : public ObjectStore {
 public:
  explicit LocalStore(LocalStoreOptions options)
      : options_(std::move(options)), disk_(*options_.disk), root_(options_.root) {}

  Status Start() {
    if (options_.read_only) {
      IOLITE_ASSIGN_OR_RETURN(const auto stat, disk_.Stat(root_));
      if (stat.is_folder) return Status();
      return FailedPrecondition("{} is a file, a folder is needed there", root_);
    }
    IOLITE_RETURN_IF_ERROR(MakeFolders(disk_, root_));
    const auto lock_path = FileOf(kWritersLock);
    IOLITE_ASSIGN_OR_RETURN(writers_lock_, disk_.Open(lock_path, OpenMode::kReadWrite));
    IOLITE_ASSIGN_OR_RETURN(const bool alone, writers_lock_->TryLock(LockKind::kExclusive));
    if (alone) IOLITE_RETURN_IF_ERROR(RemoveDrafts(root_));
    // From here on nobody else finds themselves alone, so nobody takes our drafts for litter.
    return writers_lock_->Lock(LockKind::kShared);
  }

  Result<Object> Get(std::string_view path) const override {
    IOLITE_ASSIGN_OR_RETURN(const auto file, OpenObject(path));
    IOLITE_ASSIGN_OR_RETURN(const auto stat, file->Stat());
    IOLITE_ASSIGN_OR_RETURN(auto bytes, ReadWhole(*file));
    auto etag = stat.size_bytes > kHashedBytesMax ? StatEtag(stat) : internal::ContentEtag(bytes);
    return Object{std::move(bytes), std::move(etag)};
  }

  Result<std::string> GetRange(std::string_view path, int64_t offset_bytes,
                               int64_t size_bytes) const override {
    IOLITE_ASSIGN_OR_RETURN(const auto file, OpenObject(path));
    IOLITE_ASSIGN_OR_RETURN(const auto stat, file->Stat());
    IOLITE_RETURN_IF_ERROR(internal::CheckRange(path, offset_bytes, size_bytes, stat.size_bytes));
    std::string bytes(static_cast<size_t>(size_bytes), '\0');
    IOLITE_ASSIGN_OR_RETURN(const size_t read, file->ReadAt(offset_bytes, bytes));
    if (read == bytes.size()) return bytes;
    return DataLoss("{} became shorter while it was read", FileOf(path));
  }

  Result<ObjectInfo> Head(std::string_view path) const override {
    IOLITE_ASSIGN_OR_RETURN(const auto file, OpenObject(path));
    IOLITE_ASSIGN_OR_RETURN(const auto stat, file->Stat());
    IOLITE_ASSIGN_OR_RETURN(auto etag, EtagOf(*file, stat));
    return ObjectInfo{std::string(path), stat.size_bytes, std::move(etag)};
  }

  Result<std::shared_ptr<const MappedObject>> Map(std::string_view path) const override {
    IOLITE_RETURN_IF_ERROR(internal::CheckObjectPath(path));
    auto mapped = disk_.Map(FileOf(path));
    if (mapped.status().code() == StatusCode::kNotFound) {
      return internal::NoSuchObject(root_, path);
    }
    return mapped;
  }

  Result<Etag> PutIfAbsent(std::string_view path, std::string_view bytes) override {
    IOLITE_ASSIGN_OR_RETURN(const auto writer, Write(path));
    IOLITE_RETURN_IF_ERROR(writer->Append(bytes));
    IOLITE_ASSIGN_OR_RETURN(auto info, writer->Seal());
    return std::move(info.etag);
  }

  Result<Etag> PutIfMatch(std::string_view path, std::string_view bytes,
                          const Etag& etag) override {
    IOLITE_RETURN_IF_ERROR(CheckWritable(path));
    IOLITE_RETURN_IF_ERROR(CheckVersion(path, etag));  // spares the draft when all is lost already
    IOLITE_ASSIGN_OR_RETURN(auto draft, MakeDraft(path));
    IOLITE_RETURN_IF_ERROR(draft.Append(bytes));
    IOLITE_RETURN_IF_ERROR(draft.Finish());
    IOLITE_ASSIGN_OR_RETURN(const auto stat, draft.file().Stat());
    IOLITE_ASSIGN_OR_RETURN(auto new_etag, EtagOf(draft.file(), stat));
    IOLITE_ASSIGN_OR_RETURN(const auto turn, TakeTurn());
    IOLITE_RETURN_IF_ERROR(CheckVersion(path, etag));
    IOLITE_RETURN_IF_ERROR(draft.PublishOver(FileOf(path)));
    return new_etag;
  }

  Result<std::unique_ptr<ObjectWriter>> Write(std::string_view path) override {
    IOLITE_RETURN_IF_ERROR(CheckWritable(path));
    if (disk_.Stat(FileOf(path)).ok()) return internal::ObjectExists(root_, path);
    IOLITE_ASSIGN_OR_RETURN(auto draft, MakeDraft(path));
    return std::unique_ptr<ObjectWriter>(
        std::make_unique<LocalWriter>(std::move(draft), std::string(path), root_, FileOf(path)));
  }

  Result<std::vector<ObjectInfo>> List(std::string_view prefix) const override {
    std::vector<ObjectInfo> objects;
    const auto slash = prefix.rfind('/');
    const auto folder =
        slash == std::string_view::npos ? std::string() : std::string(prefix.substr(0, slash));
    if (!folder.empty()) IOLITE_RETURN_IF_ERROR(internal::CheckObjectPath(folder));
    IOLITE_RETURN_IF_ERROR(ListInto(folder, prefix, objects));
    std::sort(objects.begin(), objects.end(),
              [](const auto& left, const auto& right) { return left.path < right.path; });
    return objects;
  }

  Status Delete(std::string_view path) override {
    IOLITE_RETURN_IF_ERROR(CheckWritable(path));
    const auto file = FileOf(path);
    // In turn, so that no PutIfMatch brings the object back after it saw the old version.
    IOLITE_ASSIGN_OR_RETURN(const auto turn, TakeTurn());
    auto removed = disk_.Remove(file);
    if (removed.code() == StatusCode::kNotFound) return Status();
    IOLITE_RETURN_IF_ERROR(removed);
    return disk_.SyncFolder(ParentFolder(file));
  }

  std::optional<std::string> LocalPath(std::string_view path) const override {
    if (!internal::CheckObjectPath(path).ok()) return std::nullopt;
    return FileOf(path);
  }

 private:
  std::string FileOf(std::string_view path) const { return fmt::format("{}/{}", root_, path); }

  Status CheckWritable(std::string_view path) const {
    IOLITE_RETURN_IF_ERROR(internal::CheckObjectPath(path));
    if (!options_.read_only) return Status();
    return FailedPrecondition("Cannot change '{}': {} is open for reading only", path, root_);
  }

  Result<std::unique_ptr<DiskFile>> OpenObject(std::string_view path) const {
    IOLITE_RETURN_IF_ERROR(internal::CheckObjectPath(path));
    auto file = disk_.Open(FileOf(path), OpenMode::kRead);
    if (file.status().code() == StatusCode::kNotFound) return internal::NoSuchObject(root_, path);
    IOLITE_RETURN_IF_ERROR(file.status());
    IOLITE_ASSIGN_OR_RETURN(const auto stat, (*file)->Stat());
    if (stat.is_folder) return internal::NoSuchObject(root_, path);
    return file;
  }

  Status CheckVersion(std::string_view path, const Etag& etag) const {
    IOLITE_ASSIGN_OR_RETURN(const auto info, Head(path));
    return info.etag == etag ? Status() : internal::ObjectChanged(root_, path);
  }

  Result<Draft> MakeDraft(std::string_view path) {
    const auto folder = ParentFolder(FileOf(path));
    IOLITE_RETURN_IF_ERROR(MakeFolders(disk_, folder));
    return Draft::Make(disk_, *options_.clock, *options_.random, folder);
  }

  /// Keeps other writers of existing objects out, in all processes, while the answer is held.
  Result<std::unique_ptr<DiskFile>> TakeTurn() {
    IOLITE_ASSIGN_OR_RETURN(auto lock, disk_.Open(FileOf(kSwapLock), OpenMode::kReadWrite));
    IOLITE_RETURN_IF_ERROR(lock->Lock(LockKind::kExclusive));
    return lock;
  }

  Status RemoveDrafts(const std::string& folder) {
    IOLITE_ASSIGN_OR_RETURN(const auto entries, disk_.ListFolder(folder));
    for (const auto& entry : entries) {
      const auto path = folder + "/" + entry.name;
      if (entry.is_folder) {
        IOLITE_RETURN_IF_ERROR(RemoveDrafts(path));
      } else if (entry.name.starts_with(internal::kDraftPrefix)) {
        IOLITE_RETURN_IF_ERROR(disk_.Remove(path));
      }
    }
    return Status();
  }

  Status ListInto(const std::string& folder, std::string_view prefix,
                  std::vector<ObjectInfo>& objects) const {
    auto entries = disk_.ListFolder(folder.empty() ? root_ : FileOf(folder));
    if (entries.status().code() == StatusCode::kNotFound) return Status();
    IOLITE_RETURN_IF_ERROR(entries.status());
    for (const auto& entry : *entries) {
      const auto path = folder.empty() ? entry.name : folder + "/" + entry.name;
      if (entry.name.starts_with(internal::kReservedPrefix)) continue;
      if (entry.is_folder) {
        const bool leads_there =
            std::string_view(path).starts_with(prefix) || prefix.starts_with(path + "/");
        if (leads_there) IOLITE_RETURN_IF_ERROR(ListInto(path, prefix, objects));
        continue;
      }
      if (!std::string_view(path).starts_with(prefix)) continue;
      auto stat = disk_.Stat(FileOf(path));
      if (stat.status().code() == StatusCode::kNotFound) continue;  // deleted meanwhile
      IOLITE_RETURN_IF_ERROR(stat.status());
      objects.push_back({path, stat->size_bytes, {}});
    }
    return Status();
  }

  const LocalStoreOptions options_;
  Disk& disk_;
  const std::string root_;
  std::unique_ptr<DiskFile> writers_lock_;
};

}  // namespace

Result<std::unique_ptr<ObjectStore>> OpenLocalStore(const LocalStoreOptions& options) {
  auto store = std::make_unique<LocalStore>(options);
  IOLITE_RETURN_IF_ERROR(store->Start());
  return std::unique_ptr<ObjectStore>(std::move(store));
}

}  // namespace iolite::storage
