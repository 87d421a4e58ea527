#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "iolite/storage/disk.h"

namespace iolite::storage {
namespace {

Status Failed(const char* verb, const std::string& path) {
  return ErrnoStatus(errno, fmt::format("Cannot {} {}", verb, path));
}

/// Calls until it is not interrupted by a signal.
template <typename Call>
auto Retry(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

DiskStat ToDiskStat(const struct stat& stat) {
  return {.is_folder = S_ISDIR(stat.st_mode),
          .size_bytes = stat.st_size,
          .modified_ns = int64_t{stat.st_mtim.tv_sec} * 1'000'000'000 + stat.st_mtim.tv_nsec,
          .inode = stat.st_ino};
}

class PosixFile final : public DiskFile {
 public:
  PosixFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  ~PosixFile() override { ::close(descriptor_); }

  Result<size_t> ReadAt(int64_t offset_bytes, std::span<char> buffer) const override {
    size_t done = 0;
    while (done < buffer.size()) {
      const auto count = Retry([&] {
        return ::pread(descriptor_, buffer.data() + done, buffer.size() - done,
                       offset_bytes + static_cast<int64_t>(done));
      });
      if (count < 0) return Failed("read", path_);
      if (count == 0) break;
      done += static_cast<size_t>(count);
    }
    return done;
  }

  Status WriteAt(int64_t offset_bytes, std::string_view bytes) override {
    while (!bytes.empty()) {
      const auto count =
          Retry([&] { return ::pwrite(descriptor_, bytes.data(), bytes.size(), offset_bytes); });
      if (count < 0) return Failed("write to", path_);
      offset_bytes += count;
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return Status();
  }

  Status Append(std::string_view bytes) override {
    const auto end = ::lseek(descriptor_, 0, SEEK_END);
    if (end < 0) return Failed("seek in", path_);
    return WriteAt(end, bytes);
  }

  Status Truncate(int64_t size_bytes) override {
    if (Retry([&] { return ::ftruncate(descriptor_, size_bytes); }) < 0) {
      return Failed("truncate", path_);
    }
    return Status();
  }

  Status SetModified(int64_t unix_ns) override {
    const struct timespec time = {.tv_sec = unix_ns / 1'000'000'000,
                                  .tv_nsec = unix_ns % 1'000'000'000};
    const struct timespec times[2] = {time, time};
    if (::futimens(descriptor_, times) < 0) return Failed("set the time of", path_);
    return Status();
  }

  Status Sync() override {
    if (Retry([&] { return ::fsync(descriptor_); }) < 0) return Failed("sync", path_);
    return Status();
  }

  Result<DiskStat> Stat() const override {
    struct stat stat;
    if (::fstat(descriptor_, &stat) < 0) return Failed("look at", path_);
    return ToDiskStat(stat);
  }

  Result<bool> TryLock(LockKind kind) override {
    if (Retry([&] { return ::flock(descriptor_, Operation(kind) | LOCK_NB); }) == 0) return true;
    if (errno == EWOULDBLOCK) return false;
    return Failed("lock", path_);
  }

  Status Lock(LockKind kind) override {
    if (Retry([&] { return ::flock(descriptor_, Operation(kind)); }) < 0) {
      return Failed("lock", path_);
    }
    return Status();
  }

 private:
  static int Operation(LockKind kind) { return kind == LockKind::kShared ? LOCK_SH : LOCK_EX; }

  const int descriptor_;
  const std::string path_;
};

class PosixMapping final : public MappedObject {
 public:
  PosixMapping(void* address, size_t size) : address_(address), size_(size) {}
  ~PosixMapping() override {
    if (size_ != 0) ::munmap(address_, size_);
  }
  std::string_view bytes() const override { return {static_cast<const char*>(address_), size_}; }

 private:
  void* const address_;
  const size_t size_;
};

int FlagsOf(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead: return O_RDONLY;
    case OpenMode::kCreate: return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::kReadWrite: return O_RDWR | O_CREAT;
  }
  return O_RDONLY;
}

class PosixDisk final : public Disk {
 public:
  Result<std::unique_ptr<DiskFile>> Open(const std::string& path, OpenMode mode) override {
    const int descriptor =
        Retry([&] { return ::open(path.c_str(), FlagsOf(mode) | O_CLOEXEC, 0666); });
    if (descriptor < 0) return Failed("open", path);
    return std::unique_ptr<DiskFile>(std::make_unique<PosixFile>(descriptor, path));
  }

  Result<std::shared_ptr<const MappedObject>> Map(const std::string& path) override {
    const int descriptor = Retry([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); });
    if (descriptor < 0) return Failed("open", path);
    const PosixFile file(descriptor, path);
    IOLITE_ASSIGN_OR_RETURN(const auto stat, file.Stat());
    if (stat.is_folder) return InvalidArgument("Cannot map {}: it is a folder", path);
    const auto size = static_cast<size_t>(stat.size_bytes);
    void* address = nullptr;
    if (size != 0) {  // an empty mapping is an error to the kernel
      address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, 0);
      if (address == MAP_FAILED) return Failed("map", path);
    }
    return std::shared_ptr<const MappedObject>(std::make_shared<PosixMapping>(address, size));
  }

  Result<DiskStat> Stat(const std::string& path) override {
    struct stat stat;
    if (::stat(path.c_str(), &stat) < 0) return Failed("look at", path);
    return ToDiskStat(stat);
  }

  Status Rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) < 0) return Failed("make", to);
    return Status();
  }

  Status RenameToNew(const std::string& from, const std::string& to) override {
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) {
      return Status();
    }
    if (errno != EINVAL && errno != ENOSYS) return Failed("make", to);
    // A file system that does not know the flag (NFS, some overlays): a second name never replaces.
    if (::link(from.c_str(), to.c_str()) < 0) return Failed("make", to);
    if (::unlink(from.c_str()) < 0) return Failed("remove", from);
    return Status();
  }

  Status Remove(const std::string& path) override {
    if (::unlink(path.c_str()) < 0) return Failed("remove", path);
    return Status();
  }

  Status MakeFolder(const std::string& path) override {
    if (::mkdir(path.c_str(), 0777) < 0) return Failed("make the folder", path);
    return Status();
  }

  Status SyncFolder(const std::string& path) override {
    const int descriptor =
        Retry([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (descriptor < 0) return Failed("open", path);
    return PosixFile(descriptor, path).Sync();
  }

  Result<std::vector<DiskEntry>> ListFolder(const std::string& path) override {
    std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), &::closedir);
    if (!folder) return Failed("list", path);
    std::vector<DiskEntry> entries;
    errno = 0;
    while (const auto* entry = ::readdir(folder.get())) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") entries.push_back({name, IsFolder(path, *entry)});
      errno = 0;
    }
    if (errno != 0) return Failed("list", path);
    std::sort(entries.begin(), entries.end(),
              [](const auto& left, const auto& right) { return left.name < right.name; });
    return entries;
  }

 private:
  static bool IsFolder(const std::string& path, const struct dirent& entry) {
    if (entry.d_type != DT_UNKNOWN && entry.d_type != DT_LNK) return entry.d_type == DT_DIR;
    struct stat stat;
    return ::stat((path + "/" + entry.d_name).c_str(), &stat) == 0 && S_ISDIR(stat.st_mode);
  }
};

}  // namespace

Disk& Disk::System() {
  static PosixDisk disk;
  return disk;
}

}  // namespace iolite::storage
