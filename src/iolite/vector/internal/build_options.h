#pragma once

#include <cstdint>

#include "iolite/vector/index_options.h"

namespace iolite::vector::internal {

/// What a kind of graph takes for the options that it shares with other graphs.
struct GraphLimits {
  int32_t connectivity_default, connectivity_max;
  int32_t expansion_default, expansion_max;
};

/// kInvalidArgument for what no index can be built with, whatever its kind: a dimension out of
/// bounds, a negative number of rows.
Status CheckBuildOptions(const IndexBuildOptions& options);

/// Fills in connectivity and expansion_add where they are left to the kind. kInvalidArgument when
/// one is out of its limits.
Status CompleteGraphOptions(const GraphLimits& limits, IndexBuildOptions& options);

}  // namespace iolite::vector::internal
