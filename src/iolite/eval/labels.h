#pragma once

#include <optional>
#include <string>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/evaluation.h"

/// Classification: predicted labels beside true ones.

namespace iolite::eval {

/// A row of either side. A prediction may have failed (no label) and may have a confidence.
struct LabelRow {
  std::string id;
  std::optional<std::string> label;
  std::optional<double> confidence{};
};

/// Compares by id. The rows of the truth count: one without a prediction, or whose prediction
/// failed, is wrong; predictions of other rows do not count. Means and F1 are scikit-learn's, over
/// the labels of the truth and of the predictions that count; what has no denominator is 0.
/// Calibration, where every prediction that counts has a confidence: see Calibrate().
///
/// kInvalidArgument for an empty truth, an id that one side has twice, a true label that is
/// missing, a confidence outside [0, 1] or beside rows without one, and when no id is on both
/// sides, with an id of each.
Result<LabelEvalResult> EvaluateLabels(const std::vector<LabelRow>& predicted,
                                       const std::vector<LabelRow>& truth, int64_t bin_count);

/// What a model said of its own certainty, and whether it was right.
struct Certainty {
  double confidence = 0;
  bool right = false;
};

/// Bins of equal width, (low, high], with 0 in the first one; empty bins stay, with zeros. The
/// expected error weighs each bin by its rows.
///
/// kInvalidArgument for fewer than one bin.
Result<Calibration> Calibrate(const std::vector<Certainty>& certainties, int64_t bin_count);

/// Precision, recall and F1 from counts; 0 where a denominator is.
ClassFigures FiguresOf(std::string name, int64_t support, int64_t predicted, int64_t correct);
/// Mean of precision, recall and F1, each alike; counts are sums.
ClassFigures MacroOf(const std::vector<ClassFigures>& classes);
/// The same, each by its support.
ClassFigures WeightedOf(const std::vector<ClassFigures>& classes);
/// Figures of the summed counts.
ClassFigures MicroOf(const std::vector<ClassFigures>& classes);

}  // namespace iolite::eval
