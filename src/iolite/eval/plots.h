#pragma once

#include <string>

#include "iolite/base/status.h"
#include "iolite/evaluation.h"

/// Measurements as pictures: SVG documents without scripts, fonts or files beside them.

namespace iolite::eval {

/// Precision at recall of every run; before it, where there are two runs, how they differ query by
/// query in the metric, sorted.
///
/// kInvalidArgument for a metric that was not measured, with those that were.
Result<std::string> DrawRetrieval(const EvalResult& result, const std::string& metric);

/// Accuracy against confidence, with the rows of each bin below.
std::string DrawReliability(const Calibration& calibration, const std::string& title);

}  // namespace iolite::eval
