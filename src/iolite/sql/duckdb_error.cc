#include "iolite/sql/internal/duckdb_error.h"

#include <initializer_list>
#include <string>
#include <string_view>

namespace iolite::sql {
namespace {

using duckdb::ExceptionType;

bool ContainsAny(std::string_view text, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) {
    if (text.find(part) != std::string_view::npos) return true;
  }
  return false;
}

StatusCode CodeOfIo(std::string_view message) {
  if (ContainsAny(message, {"No space left", "Disk quota", "max_temp_directory_size"})) {
    return StatusCode::kResourceExhausted;
  }
  if (ContainsAny(message, {"No files found", "No such file", "does not exist"})) {
    return StatusCode::kNotFound;
  }
  if (ContainsAny(message, {"Permission denied", "Read-only file system", "not permitted"})) {
    return StatusCode::kPermissionDenied;
  }
  if (ContainsAny(message, {"not a valid DuckDB database", "Corrupt"}))
    return StatusCode::kDataLoss;
  return StatusCode::kUnavailable;
}

StatusCode CodeOfTransaction(std::string_view message) {
  return ContainsAny(message, {"onflict"}) ? StatusCode::kAborted : StatusCode::kFailedPrecondition;
}

StatusCode CodeOf(ExceptionType type, std::string_view message) {
  switch (type) {
    case ExceptionType::IO: return CodeOfIo(message);
    case ExceptionType::TRANSACTION: return CodeOfTransaction(message);
    case ExceptionType::CONSTRAINT:
    case ExceptionType::DEPENDENCY: return StatusCode::kFailedPrecondition;
    case ExceptionType::PERMISSION: return StatusCode::kPermissionDenied;
    case ExceptionType::OUT_OF_MEMORY: return StatusCode::kResourceExhausted;
    case ExceptionType::INTERRUPT: return StatusCode::kCancelled;
    case ExceptionType::NOT_IMPLEMENTED:
    case ExceptionType::MISSING_EXTENSION:
    case ExceptionType::AUTOLOAD: return StatusCode::kUnimplemented;
    case ExceptionType::HTTP:
    case ExceptionType::NETWORK:
    case ExceptionType::CONNECTION: return StatusCode::kUnavailable;
    case ExceptionType::SERIALIZATION: return StatusCode::kDataLoss;
    case ExceptionType::FATAL:
    case ExceptionType::INTERNAL:
    case ExceptionType::NULL_POINTER:
    case ExceptionType::PLANNER:
    case ExceptionType::OPTIMIZER:
    case ExceptionType::EXECUTOR:
    case ExceptionType::SCHEDULER: return StatusCode::kInternal;
    case ExceptionType::INVALID: return StatusCode::kUnknown;
    default: return StatusCode::kInvalidArgument;
  }
}

// DuckDB adds the stack of its own faults, which tells a person nothing.
std::string WithoutStack(std::string message) {
  const size_t stack = message.find("\n\nStack Trace");
  if (stack != std::string::npos) message.resize(stack);
  return message;
}

}  // namespace

Status FromDuckDb(const duckdb::ErrorData& error) {
  const StatusCode code = CodeOf(error.Type(), error.RawMessage());
  if (error.Type() == ExceptionType::MISSING_EXTENSION || error.Type() == ExceptionType::AUTOLOAD) {
    return Status(code, "This needs a DuckDB extension that is not built in; none is downloaded: " +
                            error.RawMessage());
  }
  return Status(code, WithoutStack(error.Message()));
}

}  // namespace iolite::sql
