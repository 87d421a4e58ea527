#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "iolite/base/status.h"

struct sqlite3;
struct sqlite3_stmt;

/// SQLite as values: statuses in place of codes, handles that close.

namespace iolite::catalog::internal {

/// A prepared statement on loan from its Connection; ready for the next use when this goes.
class Statement {
 public:
  Statement(sqlite3_stmt* handle, const std::string& path) : handle_(handle), path_(&path) {}
  Statement(Statement&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)), path_(other.path_), bound_(other.bound_) {}
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  /// Values for the question marks, from the first on. Texts are copied.
  template <typename... Values>
  Statement& Bind(const Values&... values) {
    (BindOne(values), ...);
    return *this;
  }

  /// Goes to the next row; false when there is none.
  Result<bool> Step();
  /// Steps to the end.
  Status Run();

  int64_t Int(int column) const;
  std::string Text(int column) const;

 private:
  template <typename Value>
  void BindOne(const Value& value) {
    if constexpr (std::is_integral_v<Value> || std::is_enum_v<Value>) {
      BindInt(static_cast<int64_t>(value));
    } else {
      BindText(value);
    }
  }
  void BindInt(int64_t value);
  void BindText(std::string_view value);

  sqlite3_stmt* handle_;
  const std::string* path_;
  int bound_ = 0;
};

enum class Access { kReadWrite, kReadOnly };

/// One open database. Errors name the file; SQLITE_CORRUPT and SQLITE_NOTADB are kDataLoss.
///
/// Threads: one at a time.
class Connection {
 public:
  /// Opens a file; made when missing, unless read-only.
  static Result<std::unique_ptr<Connection>> Open(const std::string& path, Access access);
  /// Serves the bytes of a database file from memory, for reading. `path` is for messages.
  static Result<std::unique_ptr<Connection>> OfBytes(const std::string& path, std::string bytes);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Statements without results, separated by semicolons.
  Status Execute(const char* sql);
  /// A statement, from the cache when it was prepared before.
  Result<Statement> Prepare(const char* sql);
  /// The first column of the first row.
  Result<int64_t> Number(const char* sql);
  /// Rows changed by the last statement.
  int64_t change_count() const;
  /// Rows changed by all statements of this connection.
  int64_t change_count_total() const;
  bool in_transaction() const;

 private:
  Connection(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}

  sqlite3* const handle_;
  const std::string path_;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
};

}  // namespace iolite::catalog::internal
