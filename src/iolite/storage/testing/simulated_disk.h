#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/random.h"
#include "iolite/storage/disk.h"

namespace iolite::storage::testing {

struct SimulatedFile;
struct SimulatedFolder;

/// A disk in memory that can lose what real ones lose. What was written and not synced, contents
/// and names of files apart, is kept, dropped or torn by Crash(), each piece on its own. A failed
/// Sync() drops what was pending for good and the next one says OK, as kernels do.
///
/// Paths start at `/`, which exists. Threads: any number.
class SimulatedDisk final : public Disk {
 public:
  SimulatedDisk();
  ~SimulatedDisk() override;

  /// The `index`-th operation from now (1 is the next) fails with `error_number`; a write may have
  /// written half.
  void FailOperation(int64_t index, int error_number);
  /// From the `index`-th operation on all fail, as after the power went; until Crash().
  void StopAtOperation(int64_t index);
  /// Files may grow by this much in all, then writes fail with ENOSPC; nullopt for no bound.
  void SetFreeBytes(std::optional<int64_t> bytes);
  /// Ends every open file and lock, and forgets what `random` chooses of the unsynced.
  void Crash(Random& random);
  /// Operations so far.
  int64_t operation_count() const;

  Result<std::unique_ptr<DiskFile>> Open(const std::string& path, OpenMode mode) override;
  Result<std::shared_ptr<const MappedObject>> Map(const std::string& path) override;
  Result<DiskStat> Stat(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status RenameToNew(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status MakeFolder(const std::string& path) override;
  Status SyncFolder(const std::string& path) override;
  Result<std::vector<DiskEntry>> ListFolder(const std::string& path) override;

 private:
  friend class SimulatedHandle;
  /// A place in the tree: the folder, which exists, and a name in it, which may not.
  struct Place {
    std::shared_ptr<SimulatedFolder> folder;
    std::string name;
  };

  Status Begin(std::string_view verb, const std::string& path);
  Result<Place> Find(const std::string& path);
  Result<std::shared_ptr<SimulatedFolder>> FindFolder(const std::string& path);
  Result<std::shared_ptr<SimulatedFile>> FindFile(const std::string& path);
  Status Move(const std::string& from, const std::string& to, bool over);

  mutable std::mutex mutex_;  // guards all below and all files and folders
  std::condition_variable lock_released_;
  std::shared_ptr<SimulatedFolder> root_;
  int64_t operation_count_ = 0;
  int64_t fail_at_ = 0;
  int fail_with_ = 0;
  int64_t stop_at_ = 0;
  bool stopped_ = false;
  std::optional<int64_t> free_bytes_;
  int64_t generation_ = 0;  // of open files: which crash they have not lived through
  uint64_t inode_next_ = 1;
  int64_t time_ns_ = 1;
};

}  // namespace iolite::storage::testing
