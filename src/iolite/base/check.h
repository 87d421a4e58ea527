#pragma once

#include <string_view>

/// Checks of our own reasoning. A caller's mistake is a Status, never a check.

namespace iolite::internal {
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              std::string_view reason);
}  // namespace iolite::internal

/// Ends the process, in release builds too, when `condition` is false: for places where going on
/// could write bad bytes. `reason` says why the condition must hold.
#define IOLITE_CHECK(condition, reason)                                        \
  do {                                                                         \
    if (!(condition)) [[unlikely]]                                             \
      ::iolite::internal::CheckFailed(__FILE__, __LINE__, #condition, reason); \
  } while (false)

/// IOLITE_CHECK where checking is dear: only in builds with IOLITE_DCHECKS.
#ifdef IOLITE_DCHECKS
#define IOLITE_DCHECK(condition, reason) IOLITE_CHECK(condition, reason)
#else
#define IOLITE_DCHECK(condition, reason) \
  do {                                   \
  } while (false && (condition))
#endif
