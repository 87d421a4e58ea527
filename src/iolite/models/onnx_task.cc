#include "iolite/models/internal/onnx_task.h"

#include "iolite/models/encoder_program.h"
#include "iolite/models/internal/files.h"

namespace iolite::models {
namespace {

constexpr const char* kMagikaName = "config.min.json";

Result<LogitFunction> ParseLogitFunction(const std::string& name, const std::string& path) {
  if (name == "none") return LogitFunction::kNone;
  if (name == "sigmoid") return LogitFunction::kSigmoid;
  if (name == "softmax") return LogitFunction::kSoftmax;
  return InvalidArgument("{}: activation `{}` is none of none, sigmoid, softmax", path, name);
}

/// Turns the map round: who fills an input knows the program's name of it.
Status ReadInputs(const ModelConfig& config, OnnxTask* task) {
  IOLITE_ASSIGN_OR_RETURN(const auto inputs, config.TextMap("inputs"));
  for (const auto& [ours, name] : inputs) {
    const bool known = ours == kInputIds || ours == kAttentionMask || ours == kTokenTypeIds ||
                       ours == kPositionIds;
    if (!known) {
      return InvalidArgument(
          "{}: `inputs` names `{}`, which is none of input_ids, attention_mask, token_type_ids, "
          "position_ids",
          config.path(), ours);
    }
    if (!task->inputs.emplace(name, ours).second) {
      return InvalidArgument("{}: `inputs` gives `{}` two meanings", config.path(), name);
    }
  }
  return Status::Ok();
}

Result<OnnxTask> ReadDescription(const ModelConfig& config) {
  OnnxTask task;
  IOLITE_ASSIGN_OR_RETURN(const std::string name, config.Text("task"));
  IOLITE_ASSIGN_OR_RETURN(task.task, ParseTask(name));
  IOLITE_RETURN_IF_ERROR(ReadInputs(config, &task));
  IOLITE_ASSIGN_OR_RETURN(task.output, config.Text("output", ""));
  IOLITE_ASSIGN_OR_RETURN(const std::string function, config.Text("activation", ""));
  if (!function.empty()) {
    IOLITE_ASSIGN_OR_RETURN(task.function, ParseLogitFunction(function, config.path()));
  }
  IOLITE_ASSIGN_OR_RETURN(task.labels, config.Texts("labels"));
  if (config.Has("max_seq_length")) {
    IOLITE_ASSIGN_OR_RETURN(task.token_count_max, config.Size("max_seq_length"));
  }
  IOLITE_ASSIGN_OR_RETURN(const auto bytes, config.Object("bytes"));
  if (bytes) {
    IOLITE_ASSIGN_OR_RETURN(task.bytes, ReadByteWindow(*bytes));
  }
  return task;
}

Result<OnnxTask> ReadMagika(const ModelConfig& config) {
  OnnxTask task{.task = ModelTask::kClassification, .function = LogitFunction::kNone};
  IOLITE_ASSIGN_OR_RETURN(task.labels, config.Texts("target_labels_space"));
  IOLITE_ASSIGN_OR_RETURN(task.bytes, ReadByteWindow(config));
  return task;
}

}  // namespace

Result<OnnxTask> ReadOnnxTask(const std::string& folder) {
  const std::string own = folder + "/" + kOnnxTaskName;
  if (FileExists(own)) {
    IOLITE_ASSIGN_OR_RETURN(const ModelConfig config, ModelConfig::Read(own));
    return ReadDescription(config);
  }
  IOLITE_ASSIGN_OR_RETURN(const ModelConfig magika,
                          ModelConfig::ReadIfExists(folder + "/" + kMagikaName));
  if (magika.Has("target_labels_space")) return ReadMagika(magika);
  return OnnxTask();
}

bool ReadsBytes(const std::string& folder) {
  const auto task = ReadOnnxTask(folder);
  return task.ok() && task->bytes.has_value();
}

}  // namespace iolite::models
