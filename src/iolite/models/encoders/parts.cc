#include "iolite/models/encoders/parts.h"

#include <cmath>
#include <limits>

namespace iolite::models {

using program::GeluKind;
using program::GraphBuilder;
using program::TensorType;
using program::Value;

Result<Value> EncoderParts::Weight(std::string_view name, const std::vector<int64_t>& shape) {
  IOLITE_ASSIGN_OR_RETURN(auto weight, checkpoint_.Load(prefix_ + std::string(name), shape));
  return graph_.AddWeight(std::move(weight));
}

Result<Value> EncoderParts::Dense(const Value& x, const std::string& name, int64_t in_size,
                                  int64_t out_size) {
  IOLITE_ASSIGN_OR_RETURN(const Value weight, Weight(name + ".weight", {out_size, in_size}));
  IOLITE_ASSIGN_OR_RETURN(const Value bias, Weight(name + ".bias", {out_size}));
  return graph_.Linear(x, weight, bias);
}

Result<Value> EncoderParts::AddAndNorm(const Value& x, const Value& residual,
                                       const std::string& name, int64_t size, float epsilon) {
  const bool old_names = checkpoint_.Has(prefix_ + name + ".gamma");
  IOLITE_ASSIGN_OR_RETURN(const Value scale,
                          Weight(name + (old_names ? ".gamma" : ".weight"), {size}));
  IOLITE_ASSIGN_OR_RETURN(const Value bias, Weight(name + (old_names ? ".beta" : ".bias"), {size}));
  return graph_.LayerNorm(graph_.Add(x, residual), scale, bias, epsilon);
}

void EncoderParts::SetInputs(const EncoderInputs& inputs, const AttentionShape& shape) {
  input_shape_ = graph_.Shape(inputs.ids);
  head_shape_ =
      graph_.Concat({input_shape_, graph_.Int64s({shape.head_count, shape.head_size()})}, 0);
  const Value mask = graph_.Cast(graph_.Reshape(inputs.mask, {0, 1, 1, -1}), TensorType::kF32);
  const Value padding = graph_.Sub(graph_.Float(1.0f), mask);
  attention_bias_ = graph_.Mul(padding, graph_.Float(std::numeric_limits<float>::lowest()));
  attention_scale_ = graph_.Float(1.0f / std::sqrt(static_cast<float>(shape.head_size())));
}

Value EncoderParts::Attention(const Value& query, const Value& key, const Value& value,
                              const AttentionShape& shape) {
  const auto split = [&](const Value& x, const std::vector<int64_t>& order) {
    return graph_.Transpose(graph_.ReshapeTo(x, head_shape_), order);
  };
  const Value scores = graph_.Mul(
      graph_.MatMul(split(query, {0, 2, 1, 3}), split(key, {0, 2, 3, 1})), attention_scale_);
  const Value weights = graph_.Softmax(graph_.Add(scores, attention_bias_), -1);
  const Value mixed = graph_.MatMul(weights, split(value, {0, 2, 1, 3}));
  return graph_.Reshape(graph_.Transpose(mixed, {0, 2, 1, 3}), {-1, shape.hidden_size});
}

Value EncoderParts::Unflatten(const Value& x, int64_t hidden_size) {
  return graph_.ReshapeTo(x, graph_.Concat({input_shape_, graph_.Int64s({hidden_size})}, 0));
}

Value EncoderParts::PositionRows(const Value& table) {
  const Value length = graph_.Slice(input_shape_, graph_.Int64s({1}), graph_.Int64s({2}), 0);
  return graph_.Slice(table, graph_.Int64s({0}), length, 0);
}

Result<Value> Activation(GraphBuilder& graph, std::string_view name, const Value& x) {
  if (name == "gelu" || name == "gelu_python") return graph.Gelu(x, GeluKind::kErf);
  if (name == "gelu_new" || name == "gelu_fast" || name == "gelu_pytorch_tanh" ||
      name == "gelu_accurate") {
    return graph.Gelu(x, GeluKind::kTanh);
  }
  if (name == "quick_gelu") return graph.Mul(x, graph.Sigmoid(graph.Mul(x, graph.Float(1.702f))));
  if (name == "relu") return graph.Relu(x);
  if (name == "silu" || name == "swish") return graph.Silu(x);
  if (name == "tanh") return graph.Tanh(x);
  if (name == "sigmoid") return graph.Sigmoid(x);
  if (name == "linear" || name == "identity") return x;
  return Unimplemented(
      "Activation `{}` is not supported; these are: gelu, gelu_python, gelu_new, gelu_fast, "
      "gelu_pytorch_tanh, gelu_accurate, quick_gelu, relu, silu, swish, tanh, sigmoid, linear",
      name);
}

}  // namespace iolite::models
