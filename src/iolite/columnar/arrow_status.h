#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <utility>

#include "iolite/base/status.h"

/// Crossing the border between Arrow's errors and ours. Include it in sources, not in headers.

namespace iolite::columnar {

/// Arrow's error as ours. One that came from ToArrow() regains its code; one that carries an errno
/// gets that errno's code (a full disk is kResourceExhausted).
Status FromArrow(const arrow::Status& status);

/// Our error as Arrow's, for callbacks that Arrow calls; FromArrow() gives the same back.
arrow::Status ToArrow(const Status& status);

template <typename T>
Result<T> FromArrow(arrow::Result<T> result) {
  if (!result.ok()) return FromArrow(result.status());
  return std::move(result).ValueUnsafe();
}

}  // namespace iolite::columnar

/// Returns from the enclosing function, with our Status, when an arrow::Status is not OK.
#define IOLITE_RETURN_IF_ARROW_ERROR(expression)                 \
  do {                                                           \
    ::arrow::Status iolite_arrow_status = (expression);          \
    if (!iolite_arrow_status.ok()) [[unlikely]]                  \
      return ::iolite::columnar::FromArrow(iolite_arrow_status); \
  } while (false)

#define IOLITE_ASSIGN_OR_RETURN_ARROW_IMPL(result, left, expression) \
  auto result = (expression);                                        \
  if (!result.ok()) [[unlikely]]                                     \
    return ::iolite::columnar::FromArrow(result.status());           \
  left = std::move(result).ValueUnsafe()

/// Assigns the value of an arrow::Result to `left`, or returns its error as our Status.
#define IOLITE_ASSIGN_OR_RETURN_ARROW(left, expression)                                   \
  IOLITE_ASSIGN_OR_RETURN_ARROW_IMPL(IOLITE_CONCAT(iolite_arrow_result_, __LINE__), left, \
                                     expression)
