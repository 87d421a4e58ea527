#include "iolite/models/internal/content_hash.h"

#include "iolite/base/hash.h"
#include "iolite/models/internal/files.h"
#include "iolite/models/internal/model_files.h"
#include "iolite/models/internal/snapshots.h"
#include "iolite/storage/disk.h"

namespace iolite::models {
namespace {

using storage::Disk;

/// Checksums of a manifest, by name, of those files whose size is still what it was.
std::map<std::string, std::string> KeptChecksums(const std::string& folder) {
  std::map<std::string, std::string> kept;
  const auto manifest = ReadSnapshotManifest(folder);
  if (!manifest.ok()) return kept;
  for (const PulledFile& file : manifest->files) {
    const auto stat = Disk::System().Stat(folder + "/" + file.name);
    if (stat.ok() && stat->size_bytes == file.size_bytes) kept[file.name] = file.sha256;
  }
  return kept;
}

}  // namespace

Result<std::string> ContentHasher::HashFolder(const std::string& folder) {
  IOLITE_ASSIGN_OR_RETURN(const std::vector<std::string> names, SelectFolderFiles(folder));
  const std::map<std::string, std::string> kept = KeptChecksums(folder);
  Sha256 hash;
  for (const std::string& name : names) {
    std::string sha256;
    if (const auto found = kept.find(name); found != kept.end()) {
      sha256 = found->second;
    } else {
      IOLITE_ASSIGN_OR_RETURN(sha256, HashFile(folder + "/" + name));
    }
    hash.Update(name);
    hash.Update(std::string_view("\0", 1));
    hash.Update(sha256);
    hash.Update("\n");
  }
  return hash.Finish();
}

Result<std::string> ContentHasher::HashFile(const std::string& path) {
  IOLITE_ASSIGN_OR_RETURN(const storage::DiskStat stat, Disk::System().Stat(path));
  {
    std::lock_guard lock(mutex_);
    const auto found = seen_.find(path);
    if (found != seen_.end() && found->second.size_bytes == stat.size_bytes &&
        found->second.modified_ns == stat.modified_ns) {
      return found->second.sha256;
    }
  }
  IOLITE_ASSIGN_OR_RETURN(std::string sha256, Sha256OfFile(path));
  std::lock_guard lock(mutex_);
  seen_[path] = {stat.size_bytes, stat.modified_ns, sha256};
  return sha256;
}

}  // namespace iolite::models
