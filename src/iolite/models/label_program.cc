#include "iolite/models/internal/label_program.h"

#include <algorithm>

#include "iolite/models/architectures.h"
#include "iolite/models/checkpoint.h"
#include "iolite/models/encoder_program.h"
#include "iolite/models/encoders/encoder.h"
#include "iolite/models/internal/files.h"
#include "iolite/models/internal/onnx_task.h"
#include "iolite/models/model_config.h"
#include "iolite/program/graph_builder.h"

namespace iolite::models {
namespace {

using program::GraphBuilder;
using program::Port;
using program::Program;
using program::TensorType;
using program::Value;

HeadUnit UnitOf(ModelTask task) {
  return task == ModelTask::kTokenClassification ? HeadUnit::kToken : HeadUnit::kText;
}

/// Which head a checkpoint has, by the class that its configuration names.
std::optional<HeadUnit> FindHead(const std::string& class_name) {
  if (class_name.ends_with("ForSequenceClassification")) return HeadUnit::kText;
  if (class_name.ends_with("ForTokenClassification")) return HeadUnit::kToken;
  return std::nullopt;
}

Status WrongTask(const std::string& path, ModelTask asked, const std::string& class_name,
                 std::string_view abilities) {
  return InvalidArgument("{}: this model ({}) cannot be used for {}; it can for {}", path,
                         class_name.empty() ? "of no class" : class_name, TaskName(asked),
                         abilities);
}

/// kInvalidArgument when the checkpoint was trained for something else.
Status CheckHead(const ModelConfig& config, ModelTask task) {
  IOLITE_ASSIGN_OR_RETURN(const auto classes, config.Texts("architectures"));
  const std::string class_name = classes.empty() ? "" : classes.front();
  const std::optional<HeadUnit> head = FindHead(class_name);
  if (head == UnitOf(task)) return Status::Ok();
  if (!head) return WrongTask(config.path(), task, class_name, "embedding");
  return WrongTask(config.path(), task, class_name,
                   *head == HeadUnit::kText ? "rerank or classification" : "token-classification");
}

/// A pair's score needs one logit, or two of which the second says yes.
Status CheckLabelCount(ModelTask task, int64_t label_count, const std::string& path) {
  if (label_count < 1) return InvalidArgument("{}: the head has no labels", path);
  if (task != ModelTask::kRerank || label_count <= 2) return Status::Ok();
  return InvalidArgument(
      "{}: this model has {} labels, and rerank takes one or two; it can be used for "
      "classification",
      path, label_count);
}

Result<int64_t> LabelCount(const EncoderPlan& plan, const Checkpoint& checkpoint, ModelTask task) {
  const HeadPlan& head = UnitOf(task) == HeadUnit::kText ? plan.text_head : plan.token_head;
  const std::string name = head.classifier.name + ".weight";
  const auto shape = checkpoint.Shape(name);
  if (shape && !shape->empty()) return shape->front();
  return InvalidArgument("{} has no tensor `{}`, the head that its config.json promises",
                         checkpoint.folder(), name);
}

Value AddTokenInput(GraphBuilder& graph, std::string_view name) {
  return graph.Input(name, TensorType::kI32, {-1, -1}, {"batch", "sequence"});
}

std::vector<int64_t> OutputShape(ModelTask task, int64_t label_count) {
  if (UnitOf(task) == HeadUnit::kText) return {-1, label_count};
  return {-1, -1, label_count};
}

Result<LabelProgram> BuildFromCheckpoint(const std::string& folder, const ModelConfig& config,
                                         const Architecture& architecture, ModelTask task,
                                         bool uses_token_types) {
  IOLITE_RETURN_IF_ERROR(CheckHead(config, task));
  IOLITE_ASSIGN_OR_RETURN(const EncoderPlan plan, architecture.plan(config));
  IOLITE_ASSIGN_OR_RETURN(const auto checkpoint, Checkpoint::Open(folder));
  IOLITE_ASSIGN_OR_RETURN(const int64_t label_count, LabelCount(plan, *checkpoint, task));
  IOLITE_RETURN_IF_ERROR(CheckLabelCount(task, label_count, config.path()));
  IOLITE_ASSIGN_OR_RETURN(auto labels, ReadLabels(config, label_count));
  IOLITE_ASSIGN_OR_RETURN(const LogitFunction function,
                          ReadLogitFunction(config, task, label_count));
  GraphBuilder graph{std::string(architecture.model_type)};
  EncoderInputs inputs{.ids = AddTokenInput(graph, kInputIds),
                       .mask = AddTokenInput(graph, kAttentionMask)};
  if (uses_token_types && plan.type_count > 1) {
    inputs.type_ids = AddTokenInput(graph, kTokenTypeIds);
  }
  IOLITE_ASSIGN_OR_RETURN(const Value tokens, BuildEncoder(plan, *checkpoint, inputs, graph));
  IOLITE_ASSIGN_OR_RETURN(const Value logits, BuildHead(plan, *checkpoint, UnitOf(task), tokens,
                                                        inputs, label_count, graph));
  graph.Output(logits, "logits", TensorType::kF32, OutputShape(task, label_count), {"batch"});
  return LabelProgram{.program = std::move(graph).Finish(),
                      .architecture = std::string(architecture.model_type),
                      .labels = std::move(labels),
                      .function = function,
                      .vocabulary_size = plan.vocabulary_size,
                      .position_count_max = plan.position_count_max};
}

/// The output that holds the task's logits: the one that is named, `logits`, or the only one of
/// its rank.
Result<Port> ChooseOutput(const Program& program, const OnnxTask& described, ModelTask task,
                          const std::string& path) {
  const size_t rank = OutputShape(task, 1).size();
  const std::string wanted = described.output.empty() ? "logits" : described.output;
  std::vector<const Port*> fitting;
  for (const Port& port : program.outputs()) {
    const bool number = port.type == TensorType::kF32 || port.type == TensorType::kF16;
    const bool fits = number && port.shape.size() == rank;
    if (port.name == wanted && fits) return port;
    if (fits) fitting.push_back(&port);
  }
  if (described.output.empty() && fitting.size() == 1) return *fitting.front();
  std::string there;
  for (const Port& port : program.outputs()) {
    there += fmt::format("{}`{}` {}", there.empty() ? "" : ", ", port.name,
                         program::ShapeText(port.shape));
  }
  return InvalidArgument(
      "{}: this model cannot be used for {}: it has no output `{}` of {} dimensions, only {}", path,
      TaskName(task), wanted, rank, there);
}

/// Every input must be one that can be filled, by its own name or its described one.
Status CheckInputs(const Program& program, OnnxTask* described, const std::string& path) {
  if (described->bytes && program.inputs().size() == 1 && described->inputs.empty()) {
    described->inputs.emplace(program.inputs().front().name, kInputIds);
  }
  bool reads_ids = false;
  for (const Port& port : program.inputs()) {
    const auto renamed = described->inputs.find(port.name);
    const std::string name = renamed == described->inputs.end() ? port.name : renamed->second;
    const bool known = name == kInputIds || name == kAttentionMask || name == kTokenTypeIds ||
                       name == kPositionIds;
    const bool integer = port.type == TensorType::kI64 || port.type == TensorType::kI32;
    const bool fits = port.shape.empty() || port.shape.size() == 2;
    reads_ids = reads_ids || name == kInputIds;
    if (known && integer && fits) continue;
    return Unimplemented(
        "{}: input `{}` ({} {}) cannot be filled; say in {} which of input_ids, attention_mask, "
        "token_type_ids and position_ids it is",
        path, port.name, TensorTypeName(port.type), program::ShapeText(port.shape), kOnnxTaskName);
  }
  if (reads_ids) return Status::Ok();
  return Unimplemented("{} has no input_ids; say in {} which input they are", path, kOnnxTaskName);
}

Result<std::vector<std::string>> OnnxLabels(const OnnxTask& described, const ModelConfig& config,
                                            const Port& output, const std::string& path) {
  int64_t count = output.shape.back();
  if (!described.labels.empty()) {
    if (count < 0 || count == std::ssize(described.labels)) return described.labels;
    return InvalidArgument(
        "{}: {} labels are given, and output `{}` has {}: they do not belong "
        "together",
        path, described.labels.size(), output.name, count);
  }
  if (count < 0) {
    IOLITE_ASSIGN_OR_RETURN(const auto map, config.LabelMap("id2label"));
    count = std::ssize(map);
  }
  if (count > 0) return ReadLabels(config, count);
  return InvalidArgument("{} does not say how many labels it has, nor does a config.json", path);
}

Result<LabelProgram> BuildFromOnnx(const std::string& folder, const std::string& path,
                                   ModelTask task) {
  IOLITE_ASSIGN_OR_RETURN(OnnxTask described, ReadOnnxTask(folder));
  if (described.task && *described.task != task) {
    return InvalidArgument("{}: this model is for {}, and cannot be used for {}", folder,
                           TaskName(*described.task), TaskName(task));
  }
  IOLITE_ASSIGN_OR_RETURN(const ModelConfig config,
                          ModelConfig::ReadIfExists(folder + "/config.json"));
  if (!described.task && config.Has("architectures")) {
    IOLITE_RETURN_IF_ERROR(CheckHead(config, task));
  }
  IOLITE_ASSIGN_OR_RETURN(Program program, Program::FromOnnxFile(path));
  IOLITE_RETURN_IF_ERROR(CheckInputs(program, &described, path));
  IOLITE_ASSIGN_OR_RETURN(const Port output, ChooseOutput(program, described, task, path));
  IOLITE_ASSIGN_OR_RETURN(auto labels, OnnxLabels(described, config, output, path));
  const auto label_count = static_cast<int64_t>(labels.size());
  IOLITE_RETURN_IF_ERROR(CheckLabelCount(task, label_count, path));
  IOLITE_ASSIGN_OR_RETURN(const LogitFunction read, ReadLogitFunction(config, task, label_count));
  GraphBuilder graph(std::move(program));
  Value logits = graph.Existing(output.name);
  if (output.type != TensorType::kF32) logits = graph.Cast(logits, TensorType::kF32);
  graph.Output(logits, "iolite.logits", TensorType::kF32, OutputShape(task, label_count),
               {"batch"});
  LabelProgram result{.program = std::move(graph).Finish(),
                      .architecture = "onnx",
                      .labels = std::move(labels),
                      .function = described.function.value_or(read),
                      .token_count_max = described.token_count_max,
                      .standard_names = std::move(described.inputs),
                      .bytes = described.bytes};
  IOLITE_ASSIGN_OR_RETURN(result.vocabulary_size, config.Integer("vocab_size", 0));
  IOLITE_ASSIGN_OR_RETURN(result.position_count_max, config.Integer("max_position_embeddings", 0));
  return result;
}

}  // namespace

Result<LabelProgram> BuildLabelProgram(const std::string& folder, ModelTask task,
                                       bool uses_token_types) {
  const std::string onnx_path = FindOnnxFile(folder);
  const std::string config_path = folder + "/config.json";
  if (!FileExists(config_path)) {
    if (!onnx_path.empty()) return BuildFromOnnx(folder, onnx_path, task);
    return NotFound("{} has no model: neither config.json with a checkpoint nor model.onnx",
                    folder);
  }
  IOLITE_ASSIGN_OR_RETURN(const ModelConfig config, ModelConfig::Read(config_path));
  const auto architecture = FindArchitecture(config);
  if (!onnx_path.empty() && (!architecture.ok() || !HasSafetensors(folder))) {
    return BuildFromOnnx(folder, onnx_path, task);
  }
  if (!architecture.ok()) return architecture.status();
  return BuildFromCheckpoint(folder, config, **architecture, task, uses_token_types);
}

}  // namespace iolite::models
