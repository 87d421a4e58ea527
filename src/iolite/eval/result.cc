#include <algorithm>

#include "iolite/evaluation.h"

namespace iolite {

int64_t EvalResult::IndexOf(std::string_view metric) const {
  const auto found = std::find(metrics.begin(), metrics.end(), metric);
  return found == metrics.end() ? -1 : found - metrics.begin();
}

}  // namespace iolite
