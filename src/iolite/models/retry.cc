#include "iolite/models/internal/retry.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <ctime>

namespace iolite::models {
namespace {

constexpr int kFailureCountMax = 5;
constexpr std::chrono::seconds kWaitMax{120};

/// Sleeps in slices, so that a cancelled request ends soon.
Status Sleep(const RequestContext& context, Clock& clock, std::chrono::nanoseconds duration) {
  constexpr std::chrono::nanoseconds kSlice = std::chrono::milliseconds(100);
  while (duration.count() > 0) {
    IOLITE_RETURN_IF_ERROR(context.Check());
    const auto slice = std::min(duration, kSlice);
    clock.SleepFor(slice);
    duration -= slice;
  }
  return context.Check();
}

}  // namespace

Status Retry::Wait(const Status& failure, std::optional<std::chrono::seconds> retry_after) {
  if (failure.code() != StatusCode::kUnavailable) return failure;
  if (++failure_count_ >= kFailureCountMax) {
    return Unavailable("{} (tried {} times)", failure.message(), failure_count_);
  }
  const std::chrono::seconds own{1 << (failure_count_ - 1)};
  const std::chrono::seconds wait = retry_after.value_or(own);
  if (wait > kWaitMax) {
    return Unavailable("{}; the server asks to wait {} seconds: try again then", failure.message(),
                       wait.count());
  }
  return Sleep(context_, clock_, wait);
}

std::optional<std::chrono::seconds> RetryAfter(const HttpResponse& response, Clock& clock) {
  const std::string value = response.header("retry-after");
  if (value.empty()) return std::nullopt;
  if (std::isdigit(static_cast<unsigned char>(value[0]))) {
    return std::chrono::seconds(std::min(std::strtoll(value.c_str(), nullptr, 10), 1'000'000LL));
  }
  std::tm date = {};
  if (!::strptime(value.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date)) return std::nullopt;
  const int64_t seconds = ::timegm(&date) - clock.unix_us() / 1'000'000;
  return std::chrono::seconds(std::max<int64_t>(seconds, 0));
}

Status HttpFailure(const HttpResponse& response, std::string_view what) {
  const int status = response.status;
  if (status == 408 || status == 429 || status >= 500) {
    return Unavailable("{} is not available now: the server answered {}", what, status);
  }
  if (status == 401 || status == 403) {
    return PermissionDenied(
        "{} is not open to us: the server answered {}. Either there is no such model, or it needs "
        "a "
        "token: set HF_TOKEN to one that may read it",
        what, status);
  }
  if (status == 404) return NotFound("{} is not there: the server answered 404", what);
  return FailedPrecondition("{} cannot be had: the server answered {}", what, status);
}

}  // namespace iolite::models
