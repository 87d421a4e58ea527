#include "iolite/base/context.h"

namespace iolite {

Status RequestContext::Check() const {
  if (cancel.cancelled()) return Cancelled("The request was cancelled");
  if (deadline_ns && clock->monotonic_ns() >= *deadline_ns) {
    return DeadlineExceeded("The request ran past its deadline");
  }
  return Status::Ok();
}

}  // namespace iolite
