#pragma once

#include <memory>
#include <string>

#include "iolite/base/clock.h"
#include "iolite/base/random.h"
#include "iolite/storage/disk.h"
#include "iolite/storage/object_store.h"

namespace iolite::storage {

struct LocalStoreOptions {
  std::string root;
  /// Refuse every change with kFailedPrecondition and leave the folder as it is: no lock, no
  /// cleaning.
  bool read_only = false;
  Disk* disk = &Disk::System();
  Clock* clock = &Clock::System();
  Random* random = &Random::System();
};

/// Opens a folder as an object store; made when missing, unless read-only (then kNotFound).
///
/// An object is a file. It is drafted as `.iolite-draft-<hex>` in its own folder, synced, renamed,
/// and the folder synced. Drafts of dead processes are removed when nobody else has the folder open
/// for writing.
///
/// Tags: SHA-256 of the bytes for objects up to 1 MiB, which every object that is ever replaced
/// should be; so a tag can never fit two versions. Larger ones would cost reading: their tag is
/// size, inode and modification time, which the store sets to the nanosecond itself, because the
/// kernel's own stamp moves in steps of milliseconds, within which an inode's number may be used
/// again.
///
/// Processes: any number may write the same folder; PutIfMatch and Delete take turns through a lock
/// file.
Result<std::unique_ptr<ObjectStore>> OpenLocalStore(const LocalStoreOptions& options);

}  // namespace iolite::storage
