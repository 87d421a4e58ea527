#pragma once

#include "iolite/vector/index_options.h"

namespace iolite::vector::internal {

/// kDataLoss when an index just opened is not what its opener expected.
Status CheckExpectation(const IndexExpectation& expect, const VectorIndex& index);

/// Keeps two things alive at once.
std::shared_ptr<const void> Both(std::shared_ptr<const void> first,
                                 std::shared_ptr<const void> second);

}  // namespace iolite::vector::internal
