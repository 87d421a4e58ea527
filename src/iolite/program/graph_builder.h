#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/program/program.h"
#include "iolite/program/tensor.h"

namespace iolite::program {

/// A tensor that flows through a graph under construction.
struct Value {
  std::string name;
};

enum class GeluKind { kErf, kTanh };

/// Writes an ONNX graph, one call an operator. A call adds its node at once and returns its output;
/// types and shapes are checked when a Runtime loads the program.
///
///     GraphBuilder graph("dense");
///     const Value x = graph.Input("x", TensorType::kF32, {-1, 384}, {"batch"});
///     graph.Output(graph.Tanh(graph.Linear(x, graph.Add(weight), graph.Add(bias))), "y", ...);
///     Program program = std::move(graph).Finish();
///
/// Threads: one.
class GraphBuilder {
 public:
  /// The newest operator set that both OpenVINO and ONNX Runtime have fused forms for.
  static constexpr int64_t kOpset = 20;

  explicit GraphBuilder(std::string name);
  /// Continues behind the outputs of `program`, in its operator set; they are outputs no more.
  explicit GraphBuilder(Program program);
  GraphBuilder(GraphBuilder&&) noexcept;
  ~GraphBuilder();

  /// `dimension_names` names the unknown (-1) dimensions for whoever reads the file.
  Value Input(std::string_view name, TensorType type, std::vector<int64_t> shape,
              const std::vector<std::string>& dimension_names = {});
  /// An input or output of the program that is being continued.
  Value Existing(std::string_view name) const { return {std::string(name)}; }
  /// Adds a weight once; a second call with its name gives the same value.
  Value AddWeight(Weight weight);
  void Output(const Value& value, std::string_view name, TensorType type,
              std::vector<int64_t> shape, const std::vector<std::string>& dimension_names = {});
  /// Ends the graph.
  Program Finish() &&;

  Value Float(float value);
  Value Int64(int64_t value);
  Value Int64s(const std::vector<int64_t>& values);

  Value Add(const Value& a, const Value& b) { return Binary("Add", a, b); }
  Value Sub(const Value& a, const Value& b) { return Binary("Sub", a, b); }
  Value Mul(const Value& a, const Value& b) { return Binary("Mul", a, b); }
  Value Div(const Value& a, const Value& b) { return Binary("Div", a, b); }
  Value Max(const Value& a, const Value& b) { return Binary("Max", a, b); }
  Value Equal(const Value& a, const Value& b) { return Binary("Equal", a, b); }
  /// Needs operator set 12.
  Value LessOrEqual(const Value& a, const Value& b) { return Binary("LessOrEqual", a, b); }
  Value MatMul(const Value& a, const Value& b) { return Binary("MatMul", a, b); }
  /// x [rows, in] times the transpose of weight [out, in], plus bias [out]: how checkpoints keep
  /// layers.
  Value Linear(const Value& x, const Value& weight, const Value& bias);
  Value Linear(const Value& x, const Value& weight);

  Value Abs(const Value& x) { return Unary("Abs", x); }
  Value Sqrt(const Value& x) { return Unary("Sqrt", x); }
  Value Relu(const Value& x) { return Unary("Relu", x); }
  Value Tanh(const Value& x) { return Unary("Tanh", x); }
  Value Sigmoid(const Value& x) { return Unary("Sigmoid", x); }
  /// x * sigmoid(x)
  Value Silu(const Value& x) { return Mul(x, Sigmoid(x)); }
  Value Gelu(const Value& x, GeluKind kind);
  Value Softmax(const Value& x, int64_t axis);
  /// Over the last axis.
  Value LayerNorm(const Value& x, const Value& scale, const Value& bias, float epsilon);
  Value LayerNorm(const Value& x, const Value& scale, float epsilon);
  /// Divides by the root of the mean square of the last axis.
  Value RmsNorm(const Value& x, const Value& scale, float epsilon);
  /// Divides by the Euclidean length of the last axis, or by 1e-12 where that is more.
  Value Normalize(const Value& x);

  Value Cast(const Value& x, TensorType type);
  Value Where(const Value& condition, const Value& a, const Value& b);
  Value Gather(const Value& data, const Value& indices, int64_t axis);
  Value Shape(const Value& x) { return Unary("Shape", x); }
  /// 0 keeps a dimension, -1 takes what is left.
  Value Reshape(const Value& x, const std::vector<int64_t>& shape);
  Value ReshapeTo(const Value& x, const Value& shape) { return Binary("Reshape", x, shape); }
  Value Transpose(const Value& x, const std::vector<int64_t>& order);
  /// The part [start, end) of one axis; each bound a one-element vector.
  Value Slice(const Value& x, const Value& start, const Value& end, int64_t axis);
  Value Concat(const std::vector<Value>& parts, int64_t axis);
  Value ReduceSum(const Value& x, int64_t axis, bool keep_dimension);
  Value ReduceMax(const Value& x, int64_t axis, bool keep_dimension);
  Value ReduceMean(const Value& x, int64_t axis, bool keep_dimension);
  /// 0, 1, ... up to `count`, a scalar i64.
  Value Range(const Value& count);
  /// The running sum along an axis.
  Value CumSum(const Value& x, int64_t axis);

 private:
  struct State;
  Value Unary(std::string_view op, const Value& x);
  Value Binary(std::string_view op, const Value& a, const Value& b);
  Value Reduce(std::string_view op, const Value& x, int64_t axis, bool keep_dimension);
  Value LayerNormOf(const Value& x, const Value& scale, const Value* bias, float epsilon);
  Value LayerNormParts(const Value& x, const Value& scale, float epsilon);
  Value GeluParts(const Value& x, GeluKind kind);

  std::unique_ptr<State> state_;
};

}  // namespace iolite::program
