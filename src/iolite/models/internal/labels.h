#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/models/model_config.h"
#include "iolite/models/task.h"

namespace iolite::models {

/// What becomes of a head's logits.
enum class LogitFunction { kNone, kSigmoid, kSoftmax };

/// Names of a head's `label_count` logits: `id2label`, else LABEL_0, LABEL_1, ...
/// kInvalidArgument when the map does not name each logit once.
Result<std::vector<std::string>> ReadLabels(const ModelConfig& config, int64_t label_count);

/// What the configuration asks for: `problem_type` for classification, `activation_fn` of
/// sentence-transformers for rerank.
Result<LogitFunction> ReadLogitFunction(const ModelConfig& config, ModelTask task,
                                        int64_t label_count);

/// Applies it to each row of `width`, in place.
void ApplyLogitFunction(LogitFunction function, size_t width, std::vector<float>* logits);

}  // namespace iolite::models
