#include "iolite/catalog/internal/sqlite.h"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>

namespace iolite::catalog::internal {
namespace {

constexpr int kBusyTimeoutMs = 15'000;

Status ErrorOf(sqlite3* handle, int code, const std::string& path) {
  const char* reason = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
  switch (code & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return DataLoss(
          "The catalog {} is damaged ({}). Restore it from a backup, or move it away and register "
          "the sources again",
          path, reason);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Unavailable("The catalog {} is being changed by another process for long. Try again",
                         path);
    case SQLITE_FULL: return ResourceExhausted("No space is left to write the catalog {}", path);
    case SQLITE_NOMEM: return ResourceExhausted("No memory is left to use the catalog {}", path);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return PermissionDenied("The catalog {} cannot be written ({})", path, reason);
    case SQLITE_CANTOPEN:
      if (handle != nullptr && sqlite3_system_errno(handle) != 0) {
        return ErrnoStatus(sqlite3_system_errno(handle),
                           fmt::format("Cannot open the catalog {}", path));
      }
      return Unavailable("Cannot open the catalog {} ({})", path, reason);
    case SQLITE_IOERR:
      if (handle != nullptr && sqlite3_system_errno(handle) == ENOSPC) {
        return ResourceExhausted("No space is left to write the catalog {}", path);
      }
      return Unavailable("The disk failed under the catalog {} ({})", path, reason);
    default: return Internal("SQLite failed on the catalog {} ({}, code {})", path, reason, code);
  }
}

/// Closes what failed to open, after its error was read.
Status CloseWithError(sqlite3* handle, int code, const std::string& path) {
  Status status = ErrorOf(handle, code, path);
  sqlite3_close(handle);
  return status;
}

}  // namespace

Statement::~Statement() {
  if (handle_ == nullptr) return;
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
}

void Statement::BindInt(int64_t value) { sqlite3_bind_int64(handle_, ++bound_, value); }

void Statement::BindText(std::string_view value) {
  // A null pointer would bind NULL.
  const char* data = value.data() != nullptr ? value.data() : "";
  sqlite3_bind_text64(handle_, ++bound_, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

Result<bool> Statement::Step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return ErrorOf(sqlite3_db_handle(handle_), code, *path_);
}

Status Statement::Run() {
  while (true) {
    IOLITE_ASSIGN_OR_RETURN(const bool more, Step());
    if (!more) break;
  }
  sqlite3_reset(handle_);  // so that it can be bound and run again
  bound_ = 0;
  return Status();
}

int64_t Statement::Int(int column) const { return sqlite3_column_int64(handle_, column); }

std::string Statement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  if (text == nullptr) return {};
  return {text, static_cast<size_t>(sqlite3_column_bytes(handle_, column))};
}

Result<std::unique_ptr<Connection>> Connection::Open(const std::string& path, Access access) {
  const int flags = access == Access::kReadOnly ? SQLITE_OPEN_READONLY
                                                : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) return CloseWithError(handle, code, path);
  if (access == Access::kReadWrite && sqlite3_db_readonly(handle, "main") == 1) {
    sqlite3_close(handle);  // SQLite opens what it may not write for reading, and says OK
    return PermissionDenied("The catalog {} cannot be written by this user. Open it read-only",
                            path);
  }
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  return std::unique_ptr<Connection>(new Connection(handle, path));
}

Result<std::unique_ptr<Connection>> Connection::OfBytes(const std::string& path,
                                                        std::string bytes) {
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX;
  int code = sqlite3_open_v2(":memory:", &handle, flags, nullptr);
  if (code != SQLITE_OK) return CloseWithError(handle, code, path);
  auto* copy = static_cast<unsigned char*>(sqlite3_malloc64(bytes.size() + 1));
  if (copy == nullptr) return CloseWithError(handle, SQLITE_NOMEM, path);
  std::memcpy(copy, bytes.data(), bytes.size());
  // Bytes 18 and 19 say WAL; memory has no log, and SQLite refuses what claims one.
  if (bytes.size() > 19 && copy[18] == 2) copy[18] = copy[19] = 1;
  const auto size = static_cast<sqlite3_int64>(bytes.size());
  code = sqlite3_deserialize(handle, "main", copy, size, size,
                             SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_READONLY);
  if (code != SQLITE_OK) return CloseWithError(handle, code, path);
  return std::unique_ptr<Connection>(new Connection(handle, path));
}

Connection::~Connection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

Status Connection::Execute(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Status() : ErrorOf(handle_, code, path_);
}

Result<Statement> Connection::Prepare(const char* sql) {
  auto found = statements_.find(std::string_view(sql));
  if (found == statements_.end()) {
    sqlite3_stmt* statement = nullptr;
    const int code =
        sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return ErrorOf(handle_, code, path_);
    found = statements_.emplace(sql, statement).first;
  }
  return Statement(found->second, path_);
}

Result<int64_t> Connection::Number(const char* sql) {
  IOLITE_ASSIGN_OR_RETURN(auto statement, Prepare(sql));
  IOLITE_ASSIGN_OR_RETURN(const bool found, statement.Step());
  return found ? statement.Int(0) : 0;
}

int64_t Connection::change_count() const { return sqlite3_changes64(handle_); }
int64_t Connection::change_count_total() const { return sqlite3_total_changes64(handle_); }
bool Connection::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

}  // namespace iolite::catalog::internal
