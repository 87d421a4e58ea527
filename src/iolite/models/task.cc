#include "iolite/models/task.h"

#include <utility>

namespace iolite::models {
namespace {

constexpr std::pair<std::string_view, ModelTask> kTasks[] = {
    {"embedding", ModelTask::kEmbedding},
    {"rerank", ModelTask::kRerank},
    {"classification", ModelTask::kClassification},
    {"token-classification", ModelTask::kTokenClassification}};

}  // namespace

std::string_view TaskName(ModelTask task) {
  for (const auto& [name, known] : kTasks) {
    if (known == task) return name;
  }
  return "";
}

Result<ModelTask> ParseTask(std::string_view name) {
  for (const auto& [known, task] : kTasks) {
    if (known == name) return task;
  }
  return InvalidArgument(
      "There is no task `{}`; these are: embedding, rerank, classification, token-classification",
      name);
}

}  // namespace iolite::models
