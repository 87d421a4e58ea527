#include "iolite/eval/labels.h"

#include <map>
#include <unordered_map>

#include "iolite/eval/evaluation.h"

namespace iolite::eval {
namespace {

using RowsById = std::unordered_map<std::string_view, const LabelRow*>;

Result<RowsById> ById(const std::vector<LabelRow>& rows, std::string_view side) {
  RowsById by_id;
  by_id.reserve(rows.size());
  for (const LabelRow& row : rows) {
    if (!by_id.emplace(row.id, &row).second) {
      return InvalidArgument("The {} have the row \"{}\" twice: keys must be unique.", side,
                             row.id);
    }
  }
  return by_id;
}

Status CheckConfidence(const LabelRow& row) {
  const double confidence = row.confidence.value_or(0);
  if (confidence >= 0 && confidence <= 1) return Status::Ok();
  return InvalidArgument("The confidence of row \"{}\" is {}: expected a share from 0 to 1.",
                         row.id, confidence);
}

struct Counts {
  int64_t support = 0;
  int64_t predicted = 0;
  std::map<std::string, int64_t> predicted_as;
};

/// Takes one row of the truth after the other.
class LabelCounter {
 public:
  Status Add(const LabelRow& truth, const LabelRow* predicted) {
    if (!truth.label) {
      return InvalidArgument("The row \"{}\" of the truth has no label.", truth.id);
    }
    ++result_.row_count;
    Counts& counts = counts_[*truth.label];
    ++counts.support;
    if (predicted == nullptr) {
      AddStranger(truth.id, result_.unpredicted);
      return Status::Ok();
    }
    if (!predicted->label) {
      ++result_.failed_count;
      return Status::Ok();
    }
    IOLITE_RETURN_IF_ERROR(CheckConfidence(*predicted));
    ++counts.predicted_as[*predicted->label];
    ++counts_[*predicted->label].predicted;
    const bool right = *truth.label == *predicted->label;
    correct_ += right;
    ++compared_count_;
    if (predicted->confidence) certainties_.push_back({*predicted->confidence, right});
    return Status::Ok();
  }

  Result<LabelEvalResult> Finish(int64_t bin_count) {
    result_.accuracy = static_cast<double>(correct_) / static_cast<double>(result_.row_count);
    for (const auto& [name, counts] : counts_) {
      const auto same = counts.predicted_as.find(name);
      const int64_t correct = same == counts.predicted_as.end() ? 0 : same->second;
      result_.classes.push_back(FiguresOf(name, counts.support, counts.predicted, correct));
      std::vector<int64_t>& row = result_.confusion.emplace_back();
      for (const auto& [other, unused] : counts_) {
        const auto found = counts.predicted_as.find(other);
        row.push_back(found == counts.predicted_as.end() ? 0 : found->second);
      }
    }
    result_.macro = MacroOf(result_.classes);
    result_.micro = MicroOf(result_.classes);
    result_.weighted = WeightedOf(result_.classes);
    IOLITE_RETURN_IF_ERROR(AddCalibration(bin_count));
    return std::move(result_);
  }

  LabelEvalResult& result() { return result_; }

 private:
  Status AddCalibration(int64_t bin_count) {
    IOLITE_ASSIGN_OR_RETURN(result_.calibration, Calibrate(certainties_, bin_count));
    if (certainties_.empty()) return Status::Ok();
    if (static_cast<int64_t>(certainties_.size()) != compared_count_) {
      return InvalidArgument(
          "{} of {} predictions have no confidence: give a column without nulls, or none.",
          compared_count_ - static_cast<int64_t>(certainties_.size()), compared_count_);
    }
    result_.calibrated = true;
    return Status::Ok();
  }

  LabelEvalResult result_;
  std::map<std::string, Counts> counts_;
  std::vector<Certainty> certainties_;
  int64_t correct_ = 0;
  int64_t compared_count_ = 0;
};

}  // namespace

Result<LabelEvalResult> EvaluateLabels(const std::vector<LabelRow>& predicted,
                                       const std::vector<LabelRow>& truth, int64_t bin_count) {
  if (truth.empty()) return InvalidArgument("The truth has no rows: there is nothing to compare.");
  IOLITE_ASSIGN_OR_RETURN(const RowsById predictions, ById(predicted, "predictions"));
  IOLITE_ASSIGN_OR_RETURN(const RowsById truths, ById(truth, "true labels"));
  LabelCounter counter;
  for (const LabelRow& row : truth) {
    const auto found = predictions.find(row.id);
    IOLITE_RETURN_IF_ERROR(counter.Add(row, found == predictions.end() ? nullptr : found->second));
  }
  if (counter.result().unpredicted.count == counter.result().row_count) {
    return InvalidArgument(
        "No row is both predicted and true: the predictions' keys look like \"{}\", those of the "
        "truth like \"{}\". Name the columns that hold the same keys.",
        predicted.empty() ? "" : predicted.front().id, truth.front().id);
  }
  for (const LabelRow& row : predicted) {
    if (!truths.contains(row.id)) AddStranger(row.id, counter.result().unknown);
  }
  return counter.Finish(bin_count);
}

}  // namespace iolite::eval
