#pragma once

#include <span>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/executor.h"
#include "iolite/vector/qg/entries.h"
#include "iolite/vector/qg/file.h"
#include "iolite/vector/qg/space.h"
#include "iolite/vector/qg/vertices.h"

namespace iolite::vector::qg {

/// An index to be measured.
struct CalibrationRequest {
  const Space& space;
  const Vertices& vertices;
  const Entries& entries;
  uint32_t slot_count = 0;
  float length_max = 0;
  /// Rows of `space.dimension()` floats that stand for the queries to come; without any, points
  /// between rows and their neighbours are asked for.
  std::span<const float> sample_queries;
};

/// Finds the smallest pools that reach some recalls of ten neighbours, on a few dozen queries whose
/// true neighbours an exact scan gives. Empty for an index that is too small for a walk.
Result<std::vector<Calibration>> Calibrate(const RequestContext& context, Executor& executor,
                                           const CalibrationRequest& request);

}  // namespace iolite::vector::qg
