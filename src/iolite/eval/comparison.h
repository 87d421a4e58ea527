#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/status.h"
#include "iolite/evaluation.h"

/// Whether two runs differ by more than chance over the same queries.

namespace iolite::eval {

struct ResampleOptions {
  double confidence = 0.95;
  int64_t resample_count = 10'000;
  uint64_t seed = 1;
};

/// Mean of paired differences, its interval, and how likely a mean as far from 0 is by chance.
struct PairedTest {
  double mean = 0;
  double low = 0;
  double high = 0;
  double p_value = 1;
};

/// For each row of differences (all of one length):
///
///  * the interval between the quantiles of the means of samples drawn with replacement (paired
///    bootstrap, percentiles);
///  * the share of sign flips whose mean is at least as far from 0 (paired permutation test,
///    two-sided). All 2^n flips of the n differences that are not 0 are tried where there are no
///    more than resample_count; else that many random ones, and p = (1 + hits) / (1 + tried).
///
/// All rows see the same samples and flips, so that a row's answer depends on nothing but the row
/// and the seed, and that of the negated row is its mirror image.
///
/// kInvalidArgument for a confidence outside (0, 1) and for fewer than 100 samples; kCancelled.
Result<std::vector<PairedTest>> TestPaired(const RequestContext& context,
                                           const std::vector<std::vector<double>>& differences,
                                           const ResampleOptions& options);

/// Holm's step-down correction: values in the order given.
std::vector<double> HolmCorrected(const std::vector<double>& p_values);

/// Every pair of runs in every metric. Queries are taken in the order of their ids, so neither
/// their order nor that of the runs changes a figure, but for its sign. Holm's correction covers
/// the pairs of one metric. The runs have the same queries, in the same order.
Result<std::vector<EvalDifference>> Compare(const RequestContext& context,
                                            const std::vector<std::string>& metrics,
                                            const std::vector<EvalRun>& runs,
                                            const ResampleOptions& options);

}  // namespace iolite::eval
