#include "iolite/models/encoders/parts.h"

#include <fmt/format.h>

namespace iolite::models {

using program::GeluKind;
using program::GraphBuilder;
using program::Value;
using program::Weight;

Result<EncoderParts> EncoderParts::Make(const EncoderPlan& plan, const Checkpoint& checkpoint,
                                        GraphBuilder* graph) {
  for (const std::string& prefix : plan.prefixes) {
    if (checkpoint.Has(prefix + plan.word_table)) {
      return EncoderParts(plan, checkpoint, prefix, graph);
    }
  }
  return InvalidArgument("{} has no tensor `{}{}`: its weights are not those of its architecture",
                         checkpoint.folder(), plan.prefixes.front(), plan.word_table);
}

EncoderParts EncoderParts::WithoutPrefix() const { return {plan_, checkpoint_, "", &graph_}; }

Result<Value> EncoderParts::Tensor(const std::string& name, const std::vector<int64_t>& shape) {
  IOLITE_ASSIGN_OR_RETURN(Weight weight, checkpoint_.Load(prefix_ + name, shape));
  return graph_.AddWeight(std::move(weight));
}

Result<Value> EncoderParts::Rows(const std::string& name, const MatrixPlan& matrix,
                                 std::vector<int64_t> shape) {
  if (matrix.part_count == 1) return Tensor(name, shape);
  std::vector<int64_t> whole = shape;
  whole[0] *= matrix.part_count;
  auto found = packed_.find(name);
  if (found == packed_.end()) {
    IOLITE_ASSIGN_OR_RETURN(Weight weight, checkpoint_.Load(prefix_ + name, whole));
    found = packed_.emplace(name, std::move(weight)).first;
  }
  Weight part = found->second;
  part.name = fmt::format("{}.{}", part.name, matrix.part);
  part.shape = std::move(shape);
  part.data = static_cast<const std::byte*>(part.data) +
              static_cast<size_t>(matrix.part) * part.size_bytes();
  return graph_.AddWeight(std::move(part));
}

Result<Value> EncoderParts::Matrix(const Value& x, const MatrixPlan& matrix, int64_t in_size,
                                   int64_t out_size) {
  IOLITE_ASSIGN_OR_RETURN(const Value weight,
                          Rows(matrix.name + ".weight", matrix, {out_size, in_size}));
  if (!matrix.bias) return graph_.Linear(x, weight);
  IOLITE_ASSIGN_OR_RETURN(const Value bias, Rows(matrix.name + ".bias", matrix, {out_size}));
  return graph_.Linear(x, weight, bias);
}

Result<Value> EncoderParts::Norm(const Value& x, const std::string& name, int64_t size) {
  const bool old_names = checkpoint_.Has(prefix_ + name + ".gamma");
  IOLITE_ASSIGN_OR_RETURN(const Value scale,
                          Tensor(name + (old_names ? ".gamma" : ".weight"), {size}));
  if (plan_.norm == NormKind::kRms) return graph_.RmsNorm(x, scale, plan_.norm_epsilon);
  if (plan_.norm == NormKind::kLayerWithoutBias) {
    return graph_.LayerNorm(x, scale, plan_.norm_epsilon);
  }
  IOLITE_ASSIGN_OR_RETURN(const Value bias, Tensor(name + (old_names ? ".beta" : ".bias"), {size}));
  return graph_.LayerNorm(x, scale, bias, plan_.norm_epsilon);
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
