#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/text/index_builder.h"
#include "iolite/text/internal/layout.h"

namespace iolite::text::internal {

/// Boosts as whole numbers: an occurrence in a field counts as `weight`, one in a field of boost 1
/// would count as `unit`.
struct FieldWeights {
  uint32_t unit = 1;
  std::vector<Directory::Field> fields;
};

/// kInvalidArgument for empty or repeated names and boosts that cannot be.
Result<FieldWeights> WeighFields(std::span<const TextField> fields);

}  // namespace iolite::text::internal
