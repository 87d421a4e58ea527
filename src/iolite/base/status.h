#pragma once

#include <fmt/core.h>

#include <string>
#include <utility>

#include "iolite/status.h"

/// Makers of Status values and the two macros that pass them on. Messages are written for the
/// person who reads them: what happened, with values, and what to do.

namespace iolite {

#define IOLITE_STATUS_MAKER(Name, Code)                                    \
  template <typename... Args>                                              \
  Status Name(fmt::format_string<Args...> format, Args&&... args) {        \
    return Status(Code, fmt::format(format, std::forward<Args>(args)...)); \
  }

IOLITE_STATUS_MAKER(Cancelled, StatusCode::kCancelled)
IOLITE_STATUS_MAKER(Unknown, StatusCode::kUnknown)
IOLITE_STATUS_MAKER(InvalidArgument, StatusCode::kInvalidArgument)
IOLITE_STATUS_MAKER(DeadlineExceeded, StatusCode::kDeadlineExceeded)
IOLITE_STATUS_MAKER(NotFound, StatusCode::kNotFound)
IOLITE_STATUS_MAKER(AlreadyExists, StatusCode::kAlreadyExists)
IOLITE_STATUS_MAKER(PermissionDenied, StatusCode::kPermissionDenied)
IOLITE_STATUS_MAKER(ResourceExhausted, StatusCode::kResourceExhausted)
IOLITE_STATUS_MAKER(FailedPrecondition, StatusCode::kFailedPrecondition)
IOLITE_STATUS_MAKER(Aborted, StatusCode::kAborted)
IOLITE_STATUS_MAKER(OutOfRange, StatusCode::kOutOfRange)
IOLITE_STATUS_MAKER(Unimplemented, StatusCode::kUnimplemented)
IOLITE_STATUS_MAKER(Internal, StatusCode::kInternal)
IOLITE_STATUS_MAKER(Unavailable, StatusCode::kUnavailable)
IOLITE_STATUS_MAKER(DataLoss, StatusCode::kDataLoss)
#undef IOLITE_STATUS_MAKER

/// A Status from the errno of a failed system call: `what: No space left on device`. ENOSPC and
/// EDQUOT become kResourceExhausted, ENOENT kNotFound, EACCES, EPERM and EROFS kPermissionDenied,
/// EEXIST kAlreadyExists, others kUnavailable.
Status ErrnoStatus(int error_number, std::string_view what);

}  // namespace iolite

#define IOLITE_CONCAT_INNER(a, b) a##b
#define IOLITE_CONCAT(a, b) IOLITE_CONCAT_INNER(a, b)

/// Returns from the enclosing function when `expression` is a Status that is not OK.
#define IOLITE_RETURN_IF_ERROR(expression)         \
  do {                                             \
    ::iolite::Status iolite_status = (expression); \
    if (!iolite_status.ok()) [[unlikely]]          \
      return iolite_status;                        \
  } while (false)

#define IOLITE_ASSIGN_OR_RETURN_IMPL(result, left, expression) \
  auto result = (expression);                                  \
  if (!result.ok()) [[unlikely]]                               \
    return result.status();                                    \
  left = std::move(result).value()

/// Assigns the value of a Result to `left`, or returns its Status from the enclosing function.
#define IOLITE_ASSIGN_OR_RETURN(left, expression) \
  IOLITE_ASSIGN_OR_RETURN_IMPL(IOLITE_CONCAT(iolite_result_, __LINE__), left, expression)
