#include "iolite/storage/disk.h"

namespace iolite::storage {

std::string ParentFolder(const std::string& path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status MakeFolders(Disk& disk, const std::string& path) {
  auto stat = disk.Stat(path);
  if (stat.ok()) {
    if (stat->is_folder) return Status();
    return FailedPrecondition("{} is a file, a folder is needed there", path);
  }
  if (stat.status().code() != StatusCode::kNotFound) return stat.status();
  const auto parent = ParentFolder(path);
  if (parent != path) IOLITE_RETURN_IF_ERROR(MakeFolders(disk, parent));
  auto made = disk.MakeFolder(path);
  // Another process may have made it; it is durable only once somebody synced it, so do that
  // anyway.
  if (!made.ok() && made.code() != StatusCode::kAlreadyExists) return made;
  return disk.SyncFolder(parent);
}

Result<std::string> ReadWhole(const DiskFile& file) {
  IOLITE_ASSIGN_OR_RETURN(const auto stat, file.Stat());
  std::string bytes(static_cast<size_t>(stat.size_bytes), '\0');
  IOLITE_ASSIGN_OR_RETURN(const size_t size, file.ReadAt(0, bytes));
  bytes.resize(size);
  return bytes;
}

}  // namespace iolite::storage
