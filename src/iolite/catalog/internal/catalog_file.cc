#include "iolite/catalog/internal/catalog_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>

#include "iolite/catalog/internal/schema.h"

namespace iolite::catalog::internal {
namespace {

constexpr int kAttemptsMax = 50;

/// Kept while a catalog's file is read past SQLite, and while a writer opens until its log is
/// there. SQLite's locks are POSIX locks, which a process loses whenever it closes any descriptor
/// of the file: reading must not meet a connection of our own.
std::mutex& OpeningMutex() {
  static std::mutex mutex;
  return mutex;
}

FileStamp StampOf(const std::string& path) {
  struct stat stat;
  if (::stat(path.c_str(), &stat) != 0) return {};
  return {.exists = true,
          .size_bytes = stat.st_size,
          .modified_ns = int64_t{stat.st_mtim.tv_sec} * 1'000'000'000 + stat.st_mtim.tv_nsec,
          .inode = stat.st_ino};
}

CatalogStamp StampsOf(const std::string& path) {
  return {.database = StampOf(path), .log = StampOf(path + "-wal")};
}

Result<std::string> ReadAll(const std::string& path) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                       &std::fclose);
  if (!file) return ErrnoStatus(errno, fmt::format("Cannot open the catalog {}", path));
  std::string bytes;
  char piece[65536];
  while (const size_t size = std::fread(piece, 1, sizeof(piece), file.get())) {
    bytes.append(piece, size);
  }
  if (std::ferror(file.get())) {
    return ErrnoStatus(errno, fmt::format("Cannot read the catalog {}", path));
  }
  return bytes;
}

/// Changing to WAL does not wait for the busy timeout when several processes open a new file at
/// once.
Status UseWal(Connection& connection) {
  Status status;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    status = connection.Execute("PRAGMA journal_mode = WAL");
    if (status.code() != StatusCode::kUnavailable) return status;
    Clock::System().SleepFor(std::chrono::milliseconds(20));
  }
  return status;
}

}  // namespace

Result<std::unique_ptr<CatalogFile>> CatalogFile::Open(const CatalogOptions& options) {
  std::unique_ptr<CatalogFile> file(new CatalogFile(options));
  const std::lock_guard lock(file->mutex_);
  IOLITE_RETURN_IF_ERROR(options.read_only ? file->Refresh() : file->OpenForWriting());
  return file;
}

Status CatalogFile::OpenForWriting() {
  const std::lock_guard opening(OpeningMutex());
  IOLITE_ASSIGN_OR_RETURN(connection_, Connection::Open(path_, Access::kReadWrite));
  // Looked at before anything is changed: what belongs to somebody else stays as it is.
  IOLITE_ASSIGN_OR_RETURN(const auto schema_count,
                          connection_->Number("SELECT count(*) FROM sqlite_schema"));
  if (schema_count != 0) IOLITE_RETURN_IF_ERROR(CheckSchema(*connection_, path_));
  IOLITE_RETURN_IF_ERROR(UseWal(*connection_));
  IOLITE_RETURN_IF_ERROR(
      connection_->Execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON"));
  return PrepareSchema(*connection_, path_);
}

Status CatalogFile::OpenForReading(const CatalogStamp& stamp) {
  if (!stamp.database.exists) return NotFound("There is no catalog {}", path_);
  connection_.reset();
  // An empty log belongs to somebody too: a writer that has not written yet.
  from_memory_ = !stamp.log.exists;
  if (from_memory_) {
    IOLITE_RETURN_IF_ERROR(OpenCopy(stamp));
  } else {
    IOLITE_ASSIGN_OR_RETURN(connection_, Connection::Open(path_, Access::kReadOnly));
  }
  stamp_ = stamp;
  ++reopened_count_;
  auto checked = CheckSchema(*connection_, path_);
  if (!checked.ok()) connection_.reset();
  return checked;
}

Status CatalogFile::OpenCopy(const CatalogStamp& stamp) {
  const std::lock_guard opening(OpeningMutex());
  const auto changed = Aborted("The catalog {} changed while it was read. Try again", path_);
  if (StampsOf(path_) != stamp) return changed;
  IOLITE_ASSIGN_OR_RETURN(auto bytes, ReadAll(path_));
  if (StampsOf(path_) != stamp) return changed;
  IOLITE_ASSIGN_OR_RETURN(connection_, Connection::OfBytes(path_, std::move(bytes)));
  return Status();
}

/// Serves the present state: the copy in memory is good while the files' stamps stay, a connection
/// to the files while they are the same files.
Status CatalogFile::Refresh() {
  Status status;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    const auto stamp = StampsOf(path_);
    if (connection_ && (from_memory_ ? stamp == stamp_
                                     : stamp.database.inode == stamp_.database.inode &&
                                           stamp.log.inode == stamp_.log.inode)) {
      return Status();
    }
    status = OpenForReading(stamp);
    if (status.ok() || status.code() == StatusCode::kNotFound) return status;
    // A writer came or went between looking and opening: look again. Anything else will not change.
    if (StampsOf(path_) == stamp) return status;
    Clock::System().SleepFor(std::chrono::milliseconds(2));
  }
  return status;
}

Status CatalogFile::Write(const std::function<Status(Connection&)>& body) {
  if (read_only_) {
    return FailedPrecondition("Cannot change the catalog {}: it is open for reading only", path_);
  }
  const std::lock_guard lock(mutex_);
  return Transact("BEGIN IMMEDIATE", body);
}

Status CatalogFile::Read(const std::function<Status(Connection&)>& body) {
  const std::lock_guard lock(mutex_);
  if (read_only_) IOLITE_RETURN_IF_ERROR(Refresh());
  return Transact("BEGIN", body);
}

Status CatalogFile::Transact(const char* begin, const std::function<Status(Connection&)>& body) {
  {
    IOLITE_ASSIGN_OR_RETURN(auto statement, connection_->Prepare(begin));
    IOLITE_RETURN_IF_ERROR(statement.Run());
  }
  auto status = body(*connection_);
  if (status.ok()) {
    IOLITE_ASSIGN_OR_RETURN(auto statement, connection_->Prepare("COMMIT"));
    status = statement.Run();
  }
  if (connection_->in_transaction()) (void)connection_->Execute("ROLLBACK");
  return status;
}

Result<int64_t> CatalogFile::Revision() {
  const std::lock_guard lock(mutex_);
  if (read_only_) IOLITE_RETURN_IF_ERROR(Refresh());
  // data_version counts what others changed, the total what this connection did; both only grow.
  IOLITE_ASSIGN_OR_RETURN(const auto others, connection_->Number("PRAGMA data_version"));
  return (reopened_count_ << 48) + (others << 24) + connection_->change_count_total();
}

}  // namespace iolite::catalog::internal
