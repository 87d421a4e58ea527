#include "iolite/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace iolite::internal {

void CheckFailed(const char* file, int line, const char* condition, std::string_view reason) {
  std::fprintf(stderr, "iolite: %s:%d: check failed: %s (%.*s)\n", file, line, condition,
               static_cast<int>(reason.size()), reason.data());
  std::abort();
}

}  // namespace iolite::internal
