#include "iolite/program/graph_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "iolite/program/internal/onnx_model.h"
#include "iolite/program/runtime.h"

namespace iolite::program {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::Pointwise;

/// Builds a graph of one input and one output, in any operator set, and runs it.
std::vector<float> Compute(std::vector<float> x, std::vector<int64_t> shape,
                           std::vector<int64_t> output_shape,
                           const std::function<Value(GraphBuilder&, Value)>& body,
                           int64_t opset = GraphBuilder::kOpset) {
  GraphBuilder empty("test");
  empty.Input("x", TensorType::kF32, std::vector<int64_t>(shape.size(), -1));
  auto model = std::move(empty).Finish();
  auto parts = std::move(model).Release();
  parts->proto.mutable_opset_import(0)->set_version(opset);
  GraphBuilder graph{Program(std::move(parts))};
  graph.Output(body(graph, graph.Existing("x")), "y", TensorType::kF32,
               std::vector<int64_t>(output_shape.size(), -1));
  auto executable = OpenVinoRuntime().value()->Load(std::move(graph).Finish(), {});
  EXPECT_TRUE(executable.ok()) << executable.status().ToString();
  const TensorView input{.shape = shape, .data = x.data()};
  std::vector<float> y(static_cast<size_t>(ElementCount(output_shape)));
  const Status status =
      (*executable)->Run({}, {&input, 1}, 0, {.shape = output_shape, .data = y.data()});
  EXPECT_TRUE(status.ok()) << status.ToString();
  return y;
}

std::vector<float> Map(const std::vector<float>& x, double (*f)(double)) {
  std::vector<float> y;
  for (const float value : x) y.push_back(static_cast<float>(f(value)));
  return y;
}

double GeluErf(double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }
double GeluTanh(double x) {
  return 0.5 * x * (1 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
}

/// Old operator sets write the same operators in other ways.
class AnyOpset : public ::testing::TestWithParam<int64_t> {};
INSTANTIATE_TEST_SUITE_P(Opsets, AnyOpset, ::testing::Values(11, 14, 17, 20));

TEST_P(AnyOpset, Gelu) {
  const std::vector<float> x = {-3, -1, -0.1f, 0, 0.5f, 2};
  const auto erf = Compute(
      x, {6}, {6}, [](GraphBuilder& graph, Value v) { return graph.Gelu(v, GeluKind::kErf); },
      GetParam());
  EXPECT_THAT(erf, Pointwise(FloatNear(2e-6f), Map(x, GeluErf)));
  const auto tanh = Compute(
      x, {6}, {6}, [](GraphBuilder& graph, Value v) { return graph.Gelu(v, GeluKind::kTanh); },
      GetParam());
  EXPECT_THAT(tanh, Pointwise(FloatNear(2e-6f), Map(x, GeluTanh)));
}

TEST_P(AnyOpset, LayerNorm) {
  const auto y = Compute(
      {1, 2, 3, 4}, {1, 4}, {1, 4},
      [](GraphBuilder& graph, Value v) {
        return graph.LayerNorm(v, graph.Float(2.0f), graph.Float(1.0f), 1e-12f);
      },
      GetParam());
  EXPECT_THAT(y, Pointwise(FloatNear(1e-5f),
                           std::vector<float>{-1.683282f, 0.105573f, 1.894427f, 3.683282f}));
}

TEST_P(AnyOpset, NormsWithoutBias) {
  const auto layer = Compute(
      {1, 2, 3, 4}, {1, 4}, {1, 4},
      [](GraphBuilder& graph, Value v) { return graph.LayerNorm(v, graph.Float(2.0f), 1e-12f); },
      GetParam());
  EXPECT_THAT(layer, Pointwise(FloatNear(1e-5f),
                               std::vector<float>{-2.683282f, -0.894427f, 0.894427f, 2.683282f}));
  const auto rms = Compute(
      {1, -1, 7, 7}, {1, 4}, {1, 4},
      [](GraphBuilder& graph, Value v) { return graph.RmsNorm(v, graph.Float(2.0f), 0.0f); },
      GetParam());
  EXPECT_THAT(rms, Pointwise(FloatNear(1e-6f), std::vector<float>{0.4f, -0.4f, 2.8f, 2.8f}));
}

TEST_P(AnyOpset, Reductions) {
  const std::vector<float> x = {1, 5, 3, -1, -2, -6};
  const auto reduce = [&](auto call) {
    return Compute(
        x, {2, 3}, {2}, [&](GraphBuilder& graph, Value v) { return call(graph, v); }, GetParam());
  };
  EXPECT_THAT(reduce([](GraphBuilder& g, Value v) { return g.ReduceSum(v, 1, false); }),
              ElementsAre(9, -9));
  EXPECT_THAT(reduce([](GraphBuilder& g, Value v) { return g.ReduceMax(v, 1, false); }),
              ElementsAre(5, -1));
  EXPECT_THAT(reduce([](GraphBuilder& g, Value v) { return g.ReduceMean(v, 1, false); }),
              ElementsAre(3, -3));
}

TEST_P(AnyOpset, NormalizeLeavesZeroAlone) {
  const auto y = Compute(
      {3, 4, 0, 0}, {2, 2}, {2, 2}, [](GraphBuilder& graph, Value v) { return graph.Normalize(v); },
      GetParam());
  EXPECT_THAT(y, Pointwise(FloatNear(1e-6f), std::vector<float>{0.6f, 0.8f, 0, 0}));
}

TEST_P(AnyOpset, CumSumSliceConcatGather) {
  const auto y = Compute(
      {1, 2, 3, 4}, {1, 4}, {1, 4},
      [](GraphBuilder& graph, Value v) {
        const Value sums = graph.CumSum(v, 1);  // 1 3 6 10
        const Value middle = graph.Slice(sums, graph.Int64s({1}), graph.Int64s({3}), 1);
        const Value last = graph.Gather(sums, graph.Int64s({3}), 1);
        const Value first = graph.Gather(v, graph.Int64s({0}), 1);
        return graph.Concat({middle, last, first}, 1);
      },
      GetParam());
  EXPECT_THAT(y, ElementsAre(3, 6, 10, 1));
}

TEST(GraphBuilder, WhereEqualAndCast) {
  const auto y = Compute({1, 2, 1}, {3}, {3}, [](GraphBuilder& graph, Value v) {
    return graph.Where(graph.Equal(v, graph.Float(1)), graph.Float(-7),
                       graph.Cast(graph.Cast(v, TensorType::kI32), TensorType::kF32));
  });
  EXPECT_THAT(y, ElementsAre(-7, 2, -7));
}

TEST(GraphBuilder, RangeAbsAndLessOrEqual) {
  const auto y = Compute({-5, 2, 1}, {3}, {3}, [](GraphBuilder& graph, Value v) {
    const Value length = graph.Gather(graph.Shape(v), graph.Int64(0), 0);
    const Value place = graph.Cast(graph.Range(length), TensorType::kF32);  // 0 1 2
    return graph.Where(graph.LessOrEqual(graph.Abs(v), place), place, v);
  });
  EXPECT_THAT(y, ElementsAre(-5, 2, 2));
}

TEST(GraphBuilder, AWeightIsAddedOnce) {
  GraphBuilder graph("once");
  const Value x = graph.Input("x", TensorType::kF32, {-1});
  auto bytes = std::make_shared<std::vector<float>>(4, 1.0f);
  const Weight weight{.name = "w", .shape = {4}, .data = bytes->data(), .owner = bytes};
  graph.Output(graph.Add(graph.Add(x, graph.AddWeight(weight)), graph.AddWeight(weight)), "y",
               TensorType::kF32, {-1});
  const Program program = std::move(graph).Finish();
  EXPECT_EQ(program.weights().size(), 1u);
  EXPECT_EQ(program.parameter_count(), 4);
  EXPECT_THAT(program.operators(), ElementsAre("Add", "Identity"));
}

TEST(GraphBuilder, AComputedTableIsNoParameter) {
  GraphBuilder graph("table");
  const Value x = graph.Input("x", TensorType::kF32, {-1});
  auto bytes = std::make_shared<std::vector<float>>(4, 1.0f);
  const Weight table{
      .name = "t", .shape = {4}, .data = bytes->data(), .owner = bytes, .is_parameter = false};
  graph.Output(graph.Add(x, graph.AddWeight(table)), "y", TensorType::kF32, {-1});
  const Program program = std::move(graph).Finish();
  EXPECT_EQ(program.weights().size(), 1u);
  EXPECT_EQ(program.parameter_count(), 0);
}

}  // namespace
}  // namespace iolite::program
