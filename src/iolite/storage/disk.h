#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/storage/mapped_object.h"

/// The narrow door to the machine's file system, so that tests can put a failing one in its place
/// (testing/simulated_disk.h). Errors name the path and carry the code of ErrnoStatus().

namespace iolite::storage {

enum class OpenMode {
  kRead,       ///< kNotFound when missing
  kCreate,     ///< for reading and writing; kAlreadyExists when there
  kReadWrite,  ///< made when missing
};

enum class LockKind { kShared, kExclusive };

struct DiskStat {
  bool is_folder = false;
  int64_t size_bytes = 0;
  int64_t modified_ns = 0;  ///< since 1970-01-01 UTC
  uint64_t inode = 0;
};

struct DiskEntry {
  std::string name;
  bool is_folder = false;
};

/// An open file; closed, and its lock released, when this goes.
///
/// Threads: any number may read; one may write.
class DiskFile {
 public:
  virtual ~DiskFile() = default;

  /// Fills `buffer` from `offset_bytes`; fewer bytes only at the end of the file.
  virtual Result<size_t> ReadAt(int64_t offset_bytes, std::span<char> buffer) const = 0;
  virtual Status WriteAt(int64_t offset_bytes, std::string_view bytes) = 0;
  /// Writes at the end. Only one open file may append at a time.
  virtual Status Append(std::string_view bytes) = 0;
  virtual Status Truncate(int64_t size_bytes) = 0;
  virtual Status SetModified(int64_t unix_ns) = 0;
  /// Returns when all that was written is on the medium. After an error nobody knows what is: the
  /// file must be given up, a second call may lie.
  virtual Status Sync() = 0;
  virtual Result<DiskStat> Stat() const = 0;

  /// Takes an advisory lock against every other open file, in this process and others; false when
  /// one stands in the way. The kernel releases it when the process ends, however it ends.
  virtual Result<bool> TryLock(LockKind kind) = 0;
  /// Waits for the lock.
  virtual Status Lock(LockKind kind) = 0;
};

/// A file system. Names in folders are durable after SyncFolder(), contents after DiskFile::Sync().
///
/// Threads: any number.
class Disk {
 public:
  virtual ~Disk() = default;

  virtual Result<std::unique_ptr<DiskFile>> Open(const std::string& path, OpenMode mode) = 0;
  virtual Result<std::shared_ptr<const MappedObject>> Map(const std::string& path) = 0;
  virtual Result<DiskStat> Stat(const std::string& path) = 0;

  /// Gives the file another name in the same folder, in place of what has that name.
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  /// kAlreadyExists, and nothing changed, when `to` is there.
  virtual Status RenameToNew(const std::string& from, const std::string& to) = 0;
  virtual Status Remove(const std::string& path) = 0;

  /// The parent must exist; kAlreadyExists when it is there.
  virtual Status MakeFolder(const std::string& path) = 0;
  virtual Status SyncFolder(const std::string& path) = 0;
  /// Files and folders in it, in order of name.
  virtual Result<std::vector<DiskEntry>> ListFolder(const std::string& path) = 0;

  /// The machine's own; lives as long as the process.
  static Disk& System();
};

/// Makes `path` and the folders above it that are missing, each durable.
Status MakeFolders(Disk& disk, const std::string& path);

/// The folder that holds `path`: `a/b` for `a/b/c`, `/` for `/a`, `.` for `a`.
std::string ParentFolder(const std::string& path);

/// All of a file.
Result<std::string> ReadWhole(const DiskFile& file);

}  // namespace iolite::storage
