#include "iolite/program/graph_builder.h"

#include <fmt/core.h>

#include <cmath>
#include <set>

#include "iolite/program/internal/onnx_model.h"

namespace iolite::program {

/// The graph so far, and the counter that names its values.
struct GraphBuilder::State {
  std::unique_ptr<internal::OnnxModel> model = std::make_unique<internal::OnnxModel>();
  int64_t opset = 0;
  int64_t value_count = 0;
  std::set<std::string> weight_names;

  onnx::GraphProto* graph() { return model->proto.mutable_graph(); }

  Value NewValue(std::string_view op) { return {fmt::format("iolite.{}.{}", op, value_count++)}; }

  onnx::NodeProto* AddNode(std::string_view op, const std::vector<Value>& inputs, Value* output) {
    *output = NewValue(op);
    auto* node = graph()->add_node();
    node->set_name(output->name);
    node->set_op_type(std::string(op));
    for (const Value& input : inputs) node->add_input(input.name);
    node->add_output(output->name);
    return node;
  }

  onnx::TensorProto* AddInitializer(std::string_view kind, TensorType type, Value* value) {
    *value = NewValue(kind);
    auto* tensor = graph()->add_initializer();
    tensor->set_name(value->name);
    tensor->set_data_type(internal::OnnxType(type));
    return tensor;
  }
};

namespace {

void SetInt(onnx::NodeProto* node, std::string_view name, int64_t value) {
  auto* attribute = node->add_attribute();
  attribute->set_name(std::string(name));
  attribute->set_type(onnx::AttributeProto::INT);
  attribute->set_i(value);
}

void SetInts(onnx::NodeProto* node, std::string_view name, const std::vector<int64_t>& values) {
  auto* attribute = node->add_attribute();
  attribute->set_name(std::string(name));
  attribute->set_type(onnx::AttributeProto::INTS);
  for (const int64_t value : values) attribute->add_ints(value);
}

void SetFloat(onnx::NodeProto* node, std::string_view name, float value) {
  auto* attribute = node->add_attribute();
  attribute->set_name(std::string(name));
  attribute->set_type(onnx::AttributeProto::FLOAT);
  attribute->set_f(value);
}

void SetText(onnx::NodeProto* node, std::string_view name, std::string_view value) {
  auto* attribute = node->add_attribute();
  attribute->set_name(std::string(name));
  attribute->set_type(onnx::AttributeProto::STRING);
  attribute->set_s(std::string(value));
}

}  // namespace

GraphBuilder::GraphBuilder(std::string name) : state_(std::make_unique<State>()) {
  auto& proto = state_->model->proto;
  proto.set_ir_version(9);  // the oldest that has kOpset, so that the most readers take it
  proto.set_producer_name("iolite");
  auto* opset = proto.add_opset_import();
  opset->set_domain("");
  opset->set_version(kOpset);
  proto.mutable_graph()->set_name(std::move(name));
  state_->opset = kOpset;
}

GraphBuilder::GraphBuilder(Program program) : state_(std::make_unique<State>()) {
  state_->model = std::move(program).Release();
  state_->opset = state_->model->opset();
  state_->graph()->clear_output();
  state_->model->outputs.clear();
  for (const Weight& weight : state_->model->weights) state_->weight_names.insert(weight.name);
}

GraphBuilder::GraphBuilder(GraphBuilder&&) noexcept = default;
GraphBuilder::~GraphBuilder() = default;

Value GraphBuilder::Input(std::string_view name, TensorType type, std::vector<int64_t> shape,
                          const std::vector<std::string>& dimension_names) {
  Port port{.name = std::string(name), .type = type, .shape = std::move(shape)};
  *state_->graph()->add_input() = internal::MakeValueInfo(port, dimension_names);
  state_->model->inputs.push_back(std::move(port));
  return {std::string(name)};
}

Value GraphBuilder::AddWeight(Weight weight) {
  Value value{weight.name};
  if (state_->weight_names.insert(weight.name).second) {
    state_->model->weights.push_back(std::move(weight));
  }
  return value;
}

void GraphBuilder::Output(const Value& value, std::string_view name, TensorType type,
                          std::vector<int64_t> shape,
                          const std::vector<std::string>& dimension_names) {
  Value unused;
  auto* node = state_->AddNode("Identity", {value}, &unused);
  node->set_output(0, std::string(name));
  Port port{.name = std::string(name), .type = type, .shape = std::move(shape)};
  *state_->graph()->add_output() = internal::MakeValueInfo(port, dimension_names);
  state_->model->outputs.push_back(std::move(port));
}

Program GraphBuilder::Finish() && { return Program(std::move(state_->model)); }

Value GraphBuilder::Float(float value) {
  Value result;
  state_->AddInitializer("float", TensorType::kF32, &result)->add_float_data(value);
  return result;
}

Value GraphBuilder::Int64(int64_t value) {
  Value result;
  state_->AddInitializer("int", TensorType::kI64, &result)->add_int64_data(value);
  return result;
}

Value GraphBuilder::Int64s(const std::vector<int64_t>& values) {
  Value result;
  auto* tensor = state_->AddInitializer("ints", TensorType::kI64, &result);
  tensor->add_dims(static_cast<int64_t>(values.size()));
  for (const int64_t value : values) tensor->add_int64_data(value);
  return result;
}

Value GraphBuilder::Unary(std::string_view op, const Value& x) {
  Value result;
  state_->AddNode(op, {x}, &result);
  return result;
}

Value GraphBuilder::Binary(std::string_view op, const Value& a, const Value& b) {
  Value result;
  state_->AddNode(op, {a, b}, &result);
  return result;
}

Value GraphBuilder::Linear(const Value& x, const Value& weight, const Value& bias) {
  Value result;
  SetInt(state_->AddNode("Gemm", {x, weight, bias}, &result), "transB", 1);
  return result;
}

Value GraphBuilder::Linear(const Value& x, const Value& weight) {
  Value result;
  SetInt(state_->AddNode("Gemm", {x, weight}, &result), "transB", 1);
  return result;
}

Value GraphBuilder::Gelu(const Value& x, GeluKind kind) {
  if (state_->opset < 20) return GeluParts(x, kind);
  Value result;
  auto* node = state_->AddNode("Gelu", {x}, &result);
  SetText(node, "approximate", kind == GeluKind::kTanh ? "tanh" : "none");
  return result;
}

Value GraphBuilder::GeluParts(const Value& x, GeluKind kind) {
  const Value half = Mul(x, Float(0.5f));
  if (kind == GeluKind::kErf) {
    const Value erf = Unary("Erf", Div(x, Float(std::sqrt(2.0f))));
    return Mul(half, Add(erf, Float(1.0f)));
  }
  const Value cube = Mul(Mul(x, x), x);
  const Value inner = Add(x, Mul(cube, Float(0.044715f)));
  const Value tanh = Tanh(Mul(inner, Float(0.7978845608f)));
  return Mul(half, Add(tanh, Float(1.0f)));
}

Value GraphBuilder::Softmax(const Value& x, int64_t axis) {
  Value result;
  SetInt(state_->AddNode("Softmax", {x}, &result), "axis", axis);
  return result;
}

Value GraphBuilder::LayerNorm(const Value& x, const Value& scale, const Value& bias,
                              float epsilon) {
  return LayerNormOf(x, scale, &bias, epsilon);
}

Value GraphBuilder::LayerNorm(const Value& x, const Value& scale, float epsilon) {
  return LayerNormOf(x, scale, nullptr, epsilon);
}

Value GraphBuilder::LayerNormOf(const Value& x, const Value& scale, const Value* bias,
                                float epsilon) {
  if (state_->opset < 17) {
    const Value scaled = LayerNormParts(x, scale, epsilon);
    return bias == nullptr ? scaled : Add(scaled, *bias);
  }
  std::vector<Value> inputs = {x, scale};
  if (bias != nullptr) inputs.push_back(*bias);
  Value result;
  auto* node = state_->AddNode("LayerNormalization", inputs, &result);
  SetInt(node, "axis", -1);
  SetFloat(node, "epsilon", epsilon);
  return result;
}

Value GraphBuilder::LayerNormParts(const Value& x, const Value& scale, float epsilon) {
  return RmsNorm(Sub(x, ReduceMean(x, -1, true)), scale, epsilon);
}

Value GraphBuilder::RmsNorm(const Value& x, const Value& scale, float epsilon) {
  const Value mean_square = ReduceMean(Mul(x, x), -1, true);
  return Mul(Div(x, Sqrt(Add(mean_square, Float(epsilon)))), scale);
}

Value GraphBuilder::Normalize(const Value& x) {
  const Value length = Sqrt(ReduceSum(Mul(x, x), -1, true));
  return Div(x, Max(length, Float(1e-12f)));
}

Value GraphBuilder::Cast(const Value& x, TensorType type) {
  Value result;
  SetInt(state_->AddNode("Cast", {x}, &result), "to", internal::OnnxType(type));
  return result;
}

Value GraphBuilder::Where(const Value& condition, const Value& a, const Value& b) {
  Value result;
  state_->AddNode("Where", {condition, a, b}, &result);
  return result;
}

Value GraphBuilder::Gather(const Value& data, const Value& indices, int64_t axis) {
  Value result;
  SetInt(state_->AddNode("Gather", {data, indices}, &result), "axis", axis);
  return result;
}

Value GraphBuilder::Reshape(const Value& x, const std::vector<int64_t>& shape) {
  return ReshapeTo(x, Int64s(shape));
}

Value GraphBuilder::Transpose(const Value& x, const std::vector<int64_t>& order) {
  Value result;
  SetInts(state_->AddNode("Transpose", {x}, &result), "perm", order);
  return result;
}

Value GraphBuilder::Slice(const Value& x, const Value& start, const Value& end, int64_t axis) {
  Value result;
  state_->AddNode("Slice", {x, start, end, Int64s({axis})}, &result);
  return result;
}

Value GraphBuilder::Concat(const std::vector<Value>& parts, int64_t axis) {
  if (parts.size() == 1) return parts.front();
  Value result;
  SetInt(state_->AddNode("Concat", parts, &result), "axis", axis);
  return result;
}

Value GraphBuilder::Reduce(std::string_view op, const Value& x, int64_t axis, bool keep_dimension) {
  // The axes were an attribute once: of ReduceSum up to operator set 12, of the others up to 17.
  const bool as_input = state_->opset >= (op == "ReduceSum" ? 13 : 18);
  std::vector<Value> inputs = {x};
  if (as_input) inputs.push_back(Int64s({axis}));
  Value result;
  auto* node = state_->AddNode(op, inputs, &result);
  if (!as_input) SetInts(node, "axes", {axis});
  SetInt(node, "keepdims", keep_dimension ? 1 : 0);
  return result;
}

Value GraphBuilder::ReduceSum(const Value& x, int64_t axis, bool keep_dimension) {
  return Reduce("ReduceSum", x, axis, keep_dimension);
}
Value GraphBuilder::ReduceMax(const Value& x, int64_t axis, bool keep_dimension) {
  return Reduce("ReduceMax", x, axis, keep_dimension);
}
Value GraphBuilder::ReduceMean(const Value& x, int64_t axis, bool keep_dimension) {
  return Reduce("ReduceMean", x, axis, keep_dimension);
}

Value GraphBuilder::Range(const Value& count) {
  Value result;
  state_->AddNode("Range", {Int64(0), count, Int64(1)}, &result);
  return result;
}

Value GraphBuilder::CumSum(const Value& x, int64_t axis) {
  return Binary("CumSum", x, Int64(axis));
}

}  // namespace iolite::program
