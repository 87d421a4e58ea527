#pragma once

#include <arrow/type_fwd.h>

#include <functional>
#include <optional>
#include <string_view>

#include "iolite/base/status.h"

namespace iolite::search::internal {

/// Calls `visit` with each text of a column, in order; nothing for a null. kInternal when the
/// column does not hold text.
Status ForEachText(const arrow::ChunkedArray& column,
                   const std::function<Status(std::optional<std::string_view>)>& visit);

/// Calls `visit` with each number of a column of 64-bit integers without nulls, in order.
Status ForEachInteger(const arrow::ChunkedArray& column, const std::function<void(int64_t)>& visit);

}  // namespace iolite::search::internal
