#pragma once

#include <chrono>
#include <optional>

#include "iolite/base/context.h"
#include "iolite/models/http.h"

namespace iolite::models {

/// Decides whether a failed exchange is tried again, and waits before it is.
class Retry {
 public:
  Retry(const RequestContext& context, Clock& clock) : context_(context), clock_(clock) {}

  /// Waits one, two, four, … seconds, or what `retry_after` asks for. Returns `failure` when it is
  /// not kUnavailable, when five attempts in a row failed, or when the server asks for more than
  /// two minutes.
  Status Wait(const Status& failure,
              std::optional<std::chrono::seconds> retry_after = std::nullopt);
  /// Something arrived: failures are counted anew.
  void Reset() { failure_count_ = 0; }

 private:
  const RequestContext& context_;
  Clock& clock_;
  int failure_count_ = 0;
};

/// The wait that a `Retry-After` header asks for, in seconds or as a date.
std::optional<std::chrono::seconds> RetryAfter(const HttpResponse& response, Clock& clock);

/// What a status other than 2xx means: kUnavailable for those that may pass (408, 429, 5xx),
/// kNotFound, kPermissionDenied, or kFailedPrecondition. `what` names the thing asked for.
Status HttpFailure(const HttpResponse& response, std::string_view what);

}  // namespace iolite::models
