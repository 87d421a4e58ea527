#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/executor.h"
#include "iolite/base/status.h"
#include "iolite/program/runtime.h"

namespace iolite::models {

/// What a model can be asked.
enum class ModelTask { kEmbedding, kRerank, kClassification, kTokenClassification };
/// `embedding`, `rerank`, `classification`, `token-classification`.
std::string_view TaskName(ModelTask task);
/// kInvalidArgument lists the names.
Result<ModelTask> ParseTask(std::string_view name);

/// What a model that labels or scores texts says of itself.
struct TaskInfo {
  std::string model_id;
  std::string content_hash;  ///< of the files that decide its answers
  std::string architecture;  ///< `bert`, `onnx`
  std::string precision;     ///< `f32` or `bf16`: what really runs
  ModelTask task = ModelTask::kClassification;
  std::vector<std::string> labels;  ///< in the order of the scores
  bool multi_label = false;         ///< each label is scored for itself, by a sigmoid
  int32_t token_count_max = 0;      ///< longer texts are cut
  int64_t parameter_count = 0;
};

/// How such a model is opened.
struct TaskOptions {
  std::string model_id;
  std::string content_hash;
  program::Precision precision = program::Precision::kAuto;
  int32_t thread_count = 0;           ///< 0: all processors this process may use
  int32_t batch_token_count_max = 0;  ///< padded tokens of a batch; 0: what measured best
  std::shared_ptr<program::Runtime> runtime;
  Executor* executor = nullptr;  ///< shares the work of tokenizing; null: the caller's thread
};

}  // namespace iolite::models
