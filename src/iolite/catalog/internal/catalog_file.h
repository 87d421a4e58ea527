#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "iolite/catalog/catalog.h"
#include "iolite/catalog/internal/sqlite.h"

namespace iolite::catalog::internal {

/// What tells whether a catalog's files were written meanwhile.
struct FileStamp {
  bool exists = false;
  int64_t size_bytes = 0;
  int64_t modified_ns = 0;
  uint64_t inode = 0;
  bool operator==(const FileStamp&) const = default;
};
struct CatalogStamp {
  FileStamp database;
  FileStamp log;  ///< the write-ahead log; not empty while somebody writes, or after a crash
  bool operator==(const CatalogStamp&) const = default;
};

/// The catalog's file, and transactions on it.
///
/// For writing it is an ordinary SQLite database in WAL mode. For reading there are two ways. While
/// a log lies beside the file, SQLite must read both: an ordinary read-only connection. Without a
/// log SQLite would make one, even for a reader, and fail in a folder that cannot be written; then
/// the file alone is the whole truth, and is read into memory, anew when its stamp changes.
///
/// Threads: any number.
class CatalogFile {
 public:
  static Result<std::unique_ptr<CatalogFile>> Open(const CatalogOptions& options);

  /// Runs `body` in one transaction, which is undone when it fails.
  Status Write(const std::function<Status(Connection&)>& body);
  /// Runs `body` over one state of the catalog.
  Status Read(const std::function<Status(Connection&)>& body);
  Result<int64_t> Revision();

 private:
  explicit CatalogFile(const CatalogOptions& options)
      : path_(options.path), read_only_(options.read_only) {}
  Status OpenForWriting();
  Status OpenForReading(const CatalogStamp& stamp);
  Status OpenCopy(const CatalogStamp& stamp);
  Status Refresh();
  Status Transact(const char* begin, const std::function<Status(Connection&)>& body);

  const std::string path_;
  const bool read_only_;
  std::mutex mutex_;  // guards all below
  std::unique_ptr<Connection> connection_;
  CatalogStamp stamp_;        // of what connection_ serves; only for reading
  bool from_memory_ = false;  // connection_ serves a copy
  int64_t reopened_count_ = 0;
};

}  // namespace iolite::catalog::internal
