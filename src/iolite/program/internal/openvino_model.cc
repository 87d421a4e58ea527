#include "iolite/program/internal/openvino_model.h"

#include <map>

#include <openvino/core/graph_util.hpp>
#include <openvino/core/model.hpp>
#include <openvino/op/constant.hpp>
#include <openvino/runtime/core.hpp>

#include "iolite/program/internal/onnx_model.h"
#include "iolite/program/internal/openvino_types.h"

namespace iolite::program::internal {
namespace {

std::shared_ptr<ov::op::v0::Constant> ShareWeight(const Weight& weight) {
  const ov::Shape shape(weight.shape.begin(), weight.shape.end());
  // OpenVINO takes the keeper as a pointer to void that is not const; nothing writes through it.
  auto owner = std::const_pointer_cast<void>(weight.owner);
  auto constant = std::make_shared<ov::op::v0::Constant>(OpenVinoType(weight.type), shape,
                                                         weight.data, std::move(owner));
  constant->set_friendly_name(weight.name);
  return constant;
}

/// Puts the weights' constants where the graph has inputs of their names.
void ReplaceWeightInputs(const Program& program, ov::Model* model) {
  std::map<std::string, const Weight*> weights;
  for (const Weight& weight : program.weights()) weights[weight.name] = &weight;
  const ov::ParameterVector parameters = model->get_parameters();
  for (const auto& parameter : parameters) {
    const auto found = weights.find(parameter->get_friendly_name());
    if (found == weights.end()) continue;
    const auto constant = ShareWeight(*found->second);
    for (auto& target : parameter->output(0).get_target_inputs()) {
      target.replace_source_output(constant->output(0));
    }
    model->remove_parameter(parameter);
  }
  model->validate_nodes_and_infer_types();
}

std::shared_ptr<ov::Model> ReadShared(ov::Core& core, const Program& program) {
  onnx::ModelProto proto = program.model().proto;
  AddWeightInputs(program.model(), &proto);
  auto model = core.read_model(proto.SerializeAsString(), ov::Tensor());
  ReplaceWeightInputs(program, model.get());
  return model;
}

/// The first line that tells something, without OpenVINO's source positions.
std::string Reason(const std::exception& error) {
  std::string text = error.what();
  std::string reason;
  size_t start = 0;
  while (start < text.size()) {
    size_t end = text.find('\n', start);
    if (end == std::string::npos) end = text.size();
    const std::string line = text.substr(start, end - start);
    if (!line.empty() && !line.starts_with("Exception from ") && !line.starts_with("Check '")) {
      reason += (reason.empty() ? "" : " ") + line;
    }
    start = end + 1;
  }
  return reason.empty() ? text : reason;
}

/// The operators of OpenVINO's summary `No conversion rule found for operations: Name-20, ... To
/// facilitate ...`, or nothing.
std::string MissingOperators(const std::string& reason) {
  constexpr std::string_view kStart = "No conversion rule found for operations: ";
  const size_t start = reason.find(kStart);
  if (start == std::string::npos) return "";
  const std::string names = reason.substr(start + kStart.size());
  return names.substr(0, names.find(" To facilitate"));
}

Status ReadFailure(const std::exception& error) {
  const std::string reason = Reason(error);
  if (const std::string names = MissingOperators(reason); !names.empty()) {
    return Unimplemented(
        "This program cannot run here: OpenVINO has no operator {} (the number is the version)",
        names);
  }
  const bool unsupported = reason.find("not support") != std::string::npos;
  if (unsupported) return Unimplemented("This program cannot run here: {}", reason);
  return InvalidArgument("This program is malformed: {}", reason);
}

}  // namespace

Result<std::shared_ptr<ov::Model>> ToOpenVino(ov::Core& core, const Program& program) {
  try {
    return ReadShared(core, program);
  } catch (const std::exception& first) {
    // A converter may want to see a weight's values: then the bytes travel inside the model.
    auto complete = program.Serialize();
    if (!complete.ok()) return ReadFailure(first);
    try {
      return core.read_model(*complete, ov::Tensor());
    } catch (const std::exception& second) {
      return ReadFailure(second);
    }
  }
}

}  // namespace iolite::program::internal
