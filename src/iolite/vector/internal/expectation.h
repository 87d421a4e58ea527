#pragma once

#include "iolite/vector/index_options.h"

namespace iolite::vector::internal {

/// kDataLoss when an index just opened is not what its opener expected.
Status CheckExpectation(const IndexExpectation& expect, const VectorIndex& index);

}  // namespace iolite::vector::internal
