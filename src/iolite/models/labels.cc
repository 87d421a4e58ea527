#include "iolite/models/internal/labels.h"

#include <algorithm>
#include <cmath>

namespace iolite::models {
namespace {

/// Python's name of the function that a cross-encoder's score goes through.
Result<LogitFunction> RerankFunction(const ModelConfig& config, int64_t label_count) {
  IOLITE_ASSIGN_OR_RETURN(std::string name,
                          config.Text("sbert_ce_default_activation_function", ""));
  IOLITE_ASSIGN_OR_RETURN(const auto own, config.Object("sentence_transformers"));
  if (own) {
    IOLITE_ASSIGN_OR_RETURN(name, own->Text("activation_fn", name));
  }
  if (label_count == 2) return LogitFunction::kSoftmax;
  if (name.empty() || name.ends_with(".Sigmoid")) return LogitFunction::kSigmoid;
  if (name.ends_with(".Identity")) return LogitFunction::kNone;
  return Unimplemented(
      "{}: activation `{}` is not supported for rerank; these are: Sigmoid, Identity",
      config.path(), name);
}

Result<LogitFunction> ClassificationFunction(const ModelConfig& config, int64_t label_count) {
  IOLITE_ASSIGN_OR_RETURN(const std::string type, config.Text("problem_type", ""));
  if (type == "single_label_classification") return LogitFunction::kSoftmax;
  if (type == "multi_label_classification") return LogitFunction::kSigmoid;
  if (type == "regression") return LogitFunction::kNone;
  if (type.empty()) return label_count == 1 ? LogitFunction::kSigmoid : LogitFunction::kSoftmax;
  return Unimplemented(
      "{}: problem_type `{}` is not supported; these are: single_label_classification, "
      "multi_label_classification, regression",
      config.path(), type);
}

void Softmax(float* row, size_t width) {
  const float highest = *std::max_element(row, row + width);
  float sum = 0;
  for (size_t i = 0; i < width; ++i) sum += row[i] = std::exp(row[i] - highest);
  for (size_t i = 0; i < width; ++i) row[i] /= sum;
}

}  // namespace

Result<std::vector<std::string>> ReadLabels(const ModelConfig& config, int64_t label_count) {
  IOLITE_ASSIGN_OR_RETURN(const auto map, config.LabelMap("id2label"));
  std::vector<std::string> labels;
  for (int64_t i = 0; i < label_count; ++i) {
    const auto found = map.find(std::to_string(i));
    if (map.empty()) {
      labels.push_back(fmt::format("LABEL_{}", i));
    } else if (found != map.end()) {
      labels.push_back(found->second);
    }
  }
  if (map.empty() || (labels.size() == map.size() && std::ssize(labels) == label_count)) {
    return labels;
  }
  return InvalidArgument(
      "{}: id2label names {} labels, and the head of the weights has {}: labels and weights do not "
      "belong together",
      config.path(), map.size(), label_count);
}

Result<LogitFunction> ReadLogitFunction(const ModelConfig& config, ModelTask task,
                                        int64_t label_count) {
  if (task == ModelTask::kTokenClassification) return LogitFunction::kSoftmax;
  if (task == ModelTask::kRerank) return RerankFunction(config, label_count);
  return ClassificationFunction(config, label_count);
}

void ApplyLogitFunction(LogitFunction function, size_t width, std::vector<float>* logits) {
  if (function == LogitFunction::kSigmoid) {
    for (float& x : *logits) x = 1.0f / (1.0f + std::exp(-x));
  }
  if (function != LogitFunction::kSoftmax) return;
  for (size_t row = 0; row + width <= logits->size(); row += width) {
    Softmax(logits->data() + row, width);
  }
}

}  // namespace iolite::models
