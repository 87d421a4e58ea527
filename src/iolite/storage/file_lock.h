#pragma once

#include <memory>
#include <string>

#include "iolite/base/clock.h"
#include "iolite/storage/disk.h"

namespace iolite::storage {

/// The right to write a database folder; one holder at a time, over all processes of the machine.
/// Readers need none. The kernel takes it back when the process ends, by SIGKILL too.
///
/// The file `lock` in the folder says who holds it: `<pid> <host>`. It is empty when nobody does,
/// and may name a dead process after a kill.
class FileLock {
 public:
  /// kFailedPrecondition names the process and host that hold the folder, which must exist.
  static Result<std::unique_ptr<FileLock>> Acquire(const std::string& folder,
                                                   Disk& disk = Disk::System(),
                                                   Clock& clock = Clock::System());
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(std::unique_ptr<DiskFile> file) : file_(std::move(file)) {}
  std::unique_ptr<DiskFile> file_;
};

}  // namespace iolite::storage
