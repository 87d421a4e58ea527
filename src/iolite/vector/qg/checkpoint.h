#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "iolite/base/status.h"
#include "iolite/storage/disk.h"

namespace iolite::vector::qg {

/// Writes a file whole: a temporary beside it, synced, renamed, the folder synced.
Status WriteWhole(storage::Disk& disk, const std::string& path,
                  const std::function<Status(storage::DiskFile&)>& write);

/// Changes a file in place so that a crash leaves all of the changes or none: they are written to
/// `<path>.journal` first, which counts once it has its name, and then to the file.
///
///     journal  "IOLQGJNL"  then for each change: u64 offset, u64 length, bytes
///              then u64 2^64-1, u64 number of changes, u32 CRC-32C of all before
///
/// Threads: one.
class JournaledWrite {
 public:
  static Result<std::unique_ptr<JournaledWrite>> Begin(storage::Disk& disk,
                                                       const std::string& path);
  Status Add(uint64_t offset_bytes, std::string_view bytes);
  /// Commits and applies. Dropped without it, the file stays as it is.
  Status Commit();

 private:
  JournaledWrite(storage::Disk& disk, const std::string& path) : disk_(disk), path_(path) {}
  Status Append(std::string_view bytes);

  storage::Disk& disk_;
  const std::string path_;
  std::unique_ptr<storage::DiskFile> journal_;
  std::string pending_;
  uint64_t count_ = 0;
  uint32_t sum_ = 0;
};

/// Applies a journal that a crash left, and removes what is no journal yet. Whether there was one.
Result<bool> FinishJournal(storage::Disk& disk, const std::string& path);
/// Whether there is one.
Result<bool> HasJournal(storage::Disk& disk, const std::string& path);

}  // namespace iolite::vector::qg
