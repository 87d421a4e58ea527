#include "iolite/base/status.h"

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "iolite/base/check.h"

namespace iolite {

std::string_view StatusCodeName(StatusCode code) {
  switch (code) {
    case StatusCode::kOk: return "OK";
    case StatusCode::kCancelled: return "CANCELLED";
    case StatusCode::kUnknown: return "UNKNOWN";
    case StatusCode::kInvalidArgument: return "INVALID_ARGUMENT";
    case StatusCode::kDeadlineExceeded: return "DEADLINE_EXCEEDED";
    case StatusCode::kNotFound: return "NOT_FOUND";
    case StatusCode::kAlreadyExists: return "ALREADY_EXISTS";
    case StatusCode::kPermissionDenied: return "PERMISSION_DENIED";
    case StatusCode::kResourceExhausted: return "RESOURCE_EXHAUSTED";
    case StatusCode::kFailedPrecondition: return "FAILED_PRECONDITION";
    case StatusCode::kAborted: return "ABORTED";
    case StatusCode::kOutOfRange: return "OUT_OF_RANGE";
    case StatusCode::kUnimplemented: return "UNIMPLEMENTED";
    case StatusCode::kInternal: return "INTERNAL";
    case StatusCode::kUnavailable: return "UNAVAILABLE";
    case StatusCode::kDataLoss: return "DATA_LOSS";
    case StatusCode::kUnauthenticated: return "UNAUTHENTICATED";
  }
  return "UNKNOWN";
}

Status::Status(StatusCode code, std::string message)
    : rep_(std::make_shared<const Rep>(Rep{code, std::move(message)})) {
  IOLITE_CHECK(code != StatusCode::kOk, "a Status with a message cannot be OK");
}

const std::string& Status::message() const {
  static const std::string kEmpty;
  return rep_ ? rep_->message : kEmpty;
}

std::string Status::ToString() const {
  return ok() ? "OK" : fmt::format("{}: {}", StatusCodeName(code()), message());
}

Status Status::WithContext(std::string_view context) const {
  return ok() ? *this : Status(code(), fmt::format("{}: {}", context, message()));
}

void internal::DieOnBadResult(const Status& status) {
  std::fprintf(stderr, "iolite: a Result without a value was read: %s\n",
               status.ToString().c_str());
  std::abort();
}

Status ErrnoStatus(int error_number, std::string_view what) {
  auto message = fmt::format("{}: {}", what, std::generic_category().message(error_number));
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM: return Status(StatusCode::kResourceExhausted, message);
    case ENOENT:
    case ENOTDIR: return Status(StatusCode::kNotFound, message);
    case EACCES:
    case EPERM:
    case EROFS: return Status(StatusCode::kPermissionDenied, message);
    case EEXIST: return Status(StatusCode::kAlreadyExists, message);
    default: return Status(StatusCode::kUnavailable, message);
  }
}

}  // namespace iolite
