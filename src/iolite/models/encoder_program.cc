#include "iolite/models/encoder_program.h"

#include <algorithm>
#include <array>
#include <optional>

#include "iolite/models/architectures.h"
#include "iolite/models/checkpoint.h"
#include "iolite/models/encoders/encoder.h"
#include "iolite/models/internal/files.h"
#include "iolite/models/model_config.h"
#include "iolite/models/pooling.h"
#include "iolite/program/graph_builder.h"

namespace iolite::models {
namespace {

using program::GraphBuilder;
using program::Port;
using program::Program;
using program::TensorType;
using program::Value;

Value AddTokenInput(GraphBuilder& graph, std::string_view name) {
  return graph.Input(name, TensorType::kI32, {-1, -1}, {"batch", "sequence"});
}

std::optional<Value> PooledMask(const SentenceModel& model, GraphBuilder& graph) {
  if (model.pooling().include_prompt) return std::nullopt;
  return AddTokenInput(graph, kPooledMask);
}

void AddVectorOutput(const HeadOutput& head, GraphBuilder& graph) {
  graph.Output(head.vector, "sentence_embedding", TensorType::kF32, {-1, head.size}, {"batch"});
}

Result<EncoderProgram> BuildFromCheckpoint(const SentenceModel& model, const ModelConfig& config,
                                           const Architecture& architecture,
                                           const EncoderProgramOptions& options) {
  IOLITE_ASSIGN_OR_RETURN(const EncoderPlan plan, architecture.plan(config));
  IOLITE_RETURN_IF_ERROR(OutputSize(model, plan.hidden_size).status());
  IOLITE_ASSIGN_OR_RETURN(const auto checkpoint, Checkpoint::Open(model.encoder_folder));
  GraphBuilder graph{std::string(architecture.model_type)};
  EncoderInputs inputs{.ids = AddTokenInput(graph, kInputIds),
                       .mask = AddTokenInput(graph, kAttentionMask)};
  if (options.uses_token_types) inputs.type_ids = AddTokenInput(graph, kTokenTypeIds);
  PoolingInputs pooled{.tokens = {}, .mask = inputs.mask, .pooled_mask = PooledMask(model, graph)};
  IOLITE_ASSIGN_OR_RETURN(pooled.tokens, BuildEncoder(plan, *checkpoint, inputs, graph));
  IOLITE_ASSIGN_OR_RETURN(const HeadOutput head,
                          AddModules(model, pooled, plan.hidden_size, graph));
  AddVectorOutput(head, graph);
  return EncoderProgram{.program = std::move(graph).Finish(),
                        .architecture = std::string(architecture.model_type),
                        .dimension = head.size,
                        .vocabulary_size = plan.vocabulary_size,
                        .position_count_max = plan.position_count_max};
}

const Port* FindPort(const std::vector<Port>& ports, std::string_view name) {
  const auto found =
      std::find_if(ports.begin(), ports.end(), [&](const Port& port) { return port.name == name; });
  return found == ports.end() ? nullptr : &*found;
}

Status CheckOnnxInputs(const Program& program, const std::string& path) {
  constexpr std::array<std::string_view, 4> kKnown = {kInputIds, kAttentionMask, kTokenTypeIds,
                                                      kPositionIds};
  for (const Port& port : program.inputs()) {
    const bool known = std::find(kKnown.begin(), kKnown.end(), port.name) != kKnown.end();
    const bool integer = port.type == TensorType::kI64 || port.type == TensorType::kI32;
    const bool any_size = port.shape.empty() || port.shape == std::vector<int64_t>{-1, -1};
    if (known && integer && any_size) continue;
    return Unimplemented(
        "{}: input `{}` ({} {}) is not supported; an encoder takes input_ids, "
        "attention_mask, token_type_ids and position_ids of any batch and length",
        path, port.name, TensorTypeName(port.type), program::ShapeText(port.shape));
  }
  if (FindPort(program.inputs(), kInputIds) && FindPort(program.inputs(), kAttentionMask)) {
    return Status::Ok();
  }
  return Unimplemented("{} is no text encoder: it has no input_ids and attention_mask", path);
}

/// The output to build on: the text's vector where the model gives it, else its tokens' vectors.
Result<Port> ChooseOnnxOutput(const Program& program, const std::string& path) {
  for (const char* name : {"sentence_embedding", "token_embeddings", "last_hidden_state"}) {
    if (const Port* port = FindPort(program.outputs(), name)) return *port;
  }
  for (const Port& port : program.outputs()) {
    if (port.type == TensorType::kF32 && port.shape.size() == 3) return port;
  }
  return Unimplemented(
      "{} has no output that an encoder has: sentence_embedding, token_embeddings or "
      "last_hidden_state",
      path);
}

/// The last dimension of `port`, or what config.json says where the model leaves it open.
Result<int64_t> OnnxWidth(const Port& port, const ModelConfig& config, const std::string& path) {
  if (!port.shape.empty() && port.shape.back() > 0) return port.shape.back();
  if (config.Has("hidden_size")) return config.Size("hidden_size");
  return InvalidArgument("{} does not say how long the vectors of `{}` are, nor does a config.json",
                         path, port.name);
}

/// Continues the graph from its tokens' vectors to the text's.
Result<HeadOutput> AddOnnxHead(const SentenceModel& model, const Port& tokens, int64_t width,
                               TensorType mask_type, GraphBuilder& graph) {
  Value mask = graph.Existing(kAttentionMask);
  if (mask_type != TensorType::kI32) mask = graph.Cast(mask, TensorType::kI32);
  Value values = graph.Existing(tokens.name);
  if (tokens.type != TensorType::kF32) values = graph.Cast(values, TensorType::kF32);
  return AddModules(model,
                    {.tokens = values, .mask = mask, .pooled_mask = PooledMask(model, graph)},
                    width, graph);
}

Result<EncoderProgram> BuildFromOnnx(const SentenceModel& model, const std::string& path) {
  IOLITE_ASSIGN_OR_RETURN(Program program, Program::FromOnnxFile(path));
  IOLITE_RETURN_IF_ERROR(CheckOnnxInputs(program, path));
  IOLITE_ASSIGN_OR_RETURN(const ModelConfig config,
                          ModelConfig::ReadIfExists(model.encoder_folder + "/config.json"));
  IOLITE_ASSIGN_OR_RETURN(const Port port, ChooseOnnxOutput(program, path));
  IOLITE_ASSIGN_OR_RETURN(const int64_t width, OnnxWidth(port, config, path));
  const TensorType mask_type = FindPort(program.inputs(), kAttentionMask)->type;
  GraphBuilder graph(std::move(program));
  HeadOutput head{.vector = graph.Existing(port.name), .size = width};
  if (port.name != "sentence_embedding") {
    IOLITE_ASSIGN_OR_RETURN(head, AddOnnxHead(model, port, width, mask_type, graph));
    AddVectorOutput(head, graph);
  } else {
    graph.Output(head.vector, "iolite.sentence_embedding", TensorType::kF32, {-1, head.size},
                 {"batch"});
  }
  EncoderProgram result{
      .program = std::move(graph).Finish(), .architecture = "onnx", .dimension = head.size};
  IOLITE_ASSIGN_OR_RETURN(result.vocabulary_size, config.Integer("vocab_size", 0));
  IOLITE_ASSIGN_OR_RETURN(result.position_count_max, config.Integer("max_position_embeddings", 0));
  return result;
}

}  // namespace

Result<EncoderProgram> BuildEncoderProgram(const SentenceModel& model,
                                           const EncoderProgramOptions& options) {
  const std::string& folder = model.encoder_folder;
  const std::string config_path = folder + "/config.json";
  const std::string onnx_path = FindOnnxFile(folder);
  if (!FileExists(config_path)) {
    if (!onnx_path.empty()) return BuildFromOnnx(model, onnx_path);
    return NotFound("{} has no model: neither config.json with a checkpoint nor model.onnx",
                    folder);
  }
  IOLITE_ASSIGN_OR_RETURN(const ModelConfig config, ModelConfig::Read(config_path));
  const auto architecture = FindArchitecture(config);
  if (!onnx_path.empty() && (!architecture.ok() || !HasSafetensors(folder))) {
    return BuildFromOnnx(model, onnx_path);
  }
  if (!architecture.ok()) return architecture.status();
  return BuildFromCheckpoint(model, config, **architecture, options);
}

}  // namespace iolite::models
