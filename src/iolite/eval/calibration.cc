#include <algorithm>
#include <cmath>

#include "iolite/eval/labels.h"

namespace iolite::eval {
namespace {

size_t BinOf(double confidence, size_t bin_count) {
  const double place = std::ceil(confidence * static_cast<double>(bin_count)) - 1;
  return std::min(bin_count - 1, static_cast<size_t>(std::max(0.0, place)));
}

}  // namespace

Result<Calibration> Calibrate(const std::vector<Certainty>& certainties, int64_t bin_count) {
  if (bin_count < 1) return InvalidArgument("{} bins: a reliability diagram needs one.", bin_count);
  const auto count = static_cast<size_t>(bin_count);
  Calibration calibration;
  calibration.bins.resize(count);
  for (const Certainty& certainty : certainties) {
    ReliabilityBin& bin = calibration.bins[BinOf(certainty.confidence, count)];
    const double outcome = certainty.right ? 1 : 0;
    ++bin.count;
    bin.confidence += certainty.confidence;
    bin.accuracy += outcome;
    calibration.brier += (certainty.confidence - outcome) * (certainty.confidence - outcome);
  }
  const auto total = static_cast<double>(std::max<size_t>(1, certainties.size()));
  calibration.brier /= total;
  for (size_t i = 0; i < count; ++i) {
    ReliabilityBin& bin = calibration.bins[i];
    bin.low = static_cast<double>(i) / static_cast<double>(count);
    bin.high = static_cast<double>(i + 1) / static_cast<double>(count);
    if (bin.count == 0) continue;
    const auto members = static_cast<double>(bin.count);
    bin.confidence /= members;
    bin.accuracy /= members;
    const double error = std::abs(bin.accuracy - bin.confidence);
    calibration.expected_error += error * members / total;
    calibration.greatest_error = std::max(calibration.greatest_error, error);
  }
  return calibration;
}

}  // namespace iolite::eval
