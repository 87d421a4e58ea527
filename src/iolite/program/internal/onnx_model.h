#pragma once

#include <optional>
#include <string>
#include <vector>

#include "onnx.pb.h"

#include "iolite/program/program.h"

namespace iolite::program::internal {

/// The parts of a Program. Weights are held beside the graph: as long as they are, the graph is a
/// few kilobytes, and the weights' bytes stay where they are mapped.
struct OnnxModel {
  onnx::ModelProto proto;  ///< without the weights' initializers
  std::vector<Weight> weights;
  std::vector<Port> inputs;
  std::vector<Port> outputs;

  /// The version of ONNX's own operator set that the graph is written in.
  int64_t opset() const;
};

/// ONNX's element type, and back; nullopt where we have no such type.
onnx::TensorProto::DataType OnnxType(TensorType type);
std::optional<TensorType> TypeFromOnnx(int onnx_type);

/// Adds a graph input for each weight, so that the graph is complete without their bytes.
void AddWeightInputs(const OnnxModel& model, onnx::ModelProto* proto);
/// Adds an initializer with a copy of the bytes for each weight.
void AddWeightInitializers(const OnnxModel& model, onnx::ModelProto* proto);

/// Describes a port in ONNX's terms; `names` gives names to unknown dimensions, or is empty.
onnx::ValueInfoProto MakeValueInfo(const Port& port, const std::vector<std::string>& names);

}  // namespace iolite::program::internal
