#include "iolite/program/program.h"

#include <set>

#include "iolite/program/internal/onnx_model.h"

namespace iolite::program {
namespace internal {

int64_t OnnxModel::opset() const {
  for (const auto& entry : proto.opset_import()) {
    if (entry.domain().empty() || entry.domain() == "ai.onnx") return entry.version();
  }
  return 0;
}

onnx::TensorProto::DataType OnnxType(TensorType type) {
  switch (type) {
    case TensorType::kF32: return onnx::TensorProto::FLOAT;
    case TensorType::kF16: return onnx::TensorProto::FLOAT16;
    case TensorType::kBF16: return onnx::TensorProto::BFLOAT16;
    case TensorType::kI64: return onnx::TensorProto::INT64;
    case TensorType::kI32: return onnx::TensorProto::INT32;
    case TensorType::kU8: return onnx::TensorProto::UINT8;
    case TensorType::kBool: return onnx::TensorProto::BOOL;
  }
  return onnx::TensorProto::UNDEFINED;
}

std::optional<TensorType> TypeFromOnnx(int onnx_type) {
  for (const TensorType type :
       {TensorType::kF32, TensorType::kF16, TensorType::kBF16, TensorType::kI64, TensorType::kI32,
        TensorType::kU8, TensorType::kBool}) {
    if (OnnxType(type) == onnx_type) return type;
  }
  return std::nullopt;
}

onnx::ValueInfoProto MakeValueInfo(const Port& port, const std::vector<std::string>& names) {
  onnx::ValueInfoProto info;
  info.set_name(port.name);
  auto* tensor = info.mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(OnnxType(port.type));
  auto* shape = tensor->mutable_shape();
  for (size_t i = 0; i < port.shape.size(); ++i) {
    auto* dimension = shape->add_dim();
    if (port.shape[i] >= 0) {
      dimension->set_dim_value(port.shape[i]);
    } else if (i < names.size()) {
      dimension->set_dim_param(names[i]);
    }
  }
  return info;
}

void AddWeightInputs(const OnnxModel& model, onnx::ModelProto* proto) {
  for (const Weight& weight : model.weights) {
    *proto->mutable_graph()->add_input() =
        MakeValueInfo({.name = weight.name, .type = weight.type, .shape = weight.shape}, {});
  }
}

void AddWeightInitializers(const OnnxModel& model, onnx::ModelProto* proto) {
  for (const Weight& weight : model.weights) {
    auto* tensor = proto->mutable_graph()->add_initializer();
    tensor->set_name(weight.name);
    tensor->set_data_type(OnnxType(weight.type));
    for (const int64_t size : weight.shape) tensor->add_dims(size);
    tensor->set_raw_data(weight.data, weight.size_bytes());
  }
}

}  // namespace internal

Program::Program(std::unique_ptr<internal::OnnxModel> model) : model_(std::move(model)) {}
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;
Program::~Program() = default;

const std::vector<Port>& Program::inputs() const { return model_->inputs; }
const std::vector<Port>& Program::outputs() const { return model_->outputs; }
const std::vector<Weight>& Program::weights() const { return model_->weights; }

int64_t Program::parameter_count() const {
  int64_t count = 0;
  for (const Weight& weight : model_->weights) {
    if (weight.is_parameter) count += weight.element_count();
  }
  return count;
}

std::vector<std::string> Program::operators() const {
  std::set<std::string> names;
  for (const auto& node : model_->proto.graph().node()) {
    const bool own = node.domain().empty() || node.domain() == "ai.onnx";
    names.insert(own ? node.op_type() : node.domain() + ":" + node.op_type());
  }
  return {names.begin(), names.end()};
}

Result<std::string> Program::Serialize() const {
  constexpr size_t kBytesMax = (size_t{1} << 31) - 1;
  size_t size_bytes = model_->proto.ByteSizeLong();
  for (const Weight& weight : model_->weights) size_bytes += weight.size_bytes() + 256;
  if (size_bytes > kBytesMax) {
    return ResourceExhausted("A program of {} bytes does not fit one ONNX file (at most {} bytes)",
                             size_bytes, kBytesMax);
  }
  onnx::ModelProto proto = model_->proto;
  internal::AddWeightInitializers(*model_, &proto);
  return proto.SerializeAsString();
}

std::unique_ptr<internal::OnnxModel> Program::Release() && { return std::move(model_); }

}  // namespace iolite::program
