#include "iolite/base/trace.h"

namespace iolite {

void Trace::Add(std::string_view name, int64_t duration_ns, std::string detail) {
  std::lock_guard lock(mutex_);
  steps_.push_back({std::string(name), duration_ns, std::move(detail)});
}

std::vector<Trace::Step> Trace::steps() const {
  std::lock_guard lock(mutex_);
  return steps_;
}

}  // namespace iolite
