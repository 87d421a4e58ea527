#include "iolite/program/runtime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "iolite/program/graph_builder.h"
#include "iolite/program/program.h"

namespace iolite::program {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::Pointwise;

Weight MakeWeight(std::string name, std::vector<int64_t> shape, std::vector<float> values) {
  auto owner = std::make_shared<std::vector<float>>(std::move(values));
  return {
      .name = std::move(name), .shape = std::move(shape), .data = owner->data(), .owner = owner};
}

/// y = x W^T + b for W of 2 x 3.
Program DenseProgram() {
  GraphBuilder graph("dense");
  const Value x = graph.Input("x", TensorType::kF32, {-1, 3}, {"batch"});
  const Value weight = graph.AddWeight(MakeWeight("w", {2, 3}, {1, 2, 3, 4, 5, 6}));
  const Value bias = graph.AddWeight(MakeWeight("b", {2}, {10, 20}));
  graph.Output(graph.Linear(x, weight, bias), "y", TensorType::kF32, {-1, 2}, {"batch"});
  return std::move(graph).Finish();
}

std::unique_ptr<Executable> Load(const Program& program, RuntimeOptions options = {}) {
  auto runtime = OpenVinoRuntime();
  EXPECT_TRUE(runtime.ok()) << runtime.status().ToString();
  auto executable = (*runtime)->Load(program, options);
  EXPECT_TRUE(executable.ok()) << executable.status().ToString();
  return std::move(executable).value();
}

TensorView View(std::vector<float>& values, std::vector<int64_t> shape) {
  return {.type = TensorType::kF32, .shape = std::move(shape), .data = values.data()};
}

/// A chain of products that takes long enough to be stopped on its way.
Program LongProgram(int64_t size, int32_t product_count) {
  GraphBuilder graph("long");
  Value x = graph.Input("x", TensorType::kF32, {-1, size}, {"batch"});
  const Value weight = graph.AddWeight(
      MakeWeight("w", {size, size}, std::vector<float>(static_cast<size_t>(size * size), 0.001f)));
  for (int32_t i = 0; i < product_count; ++i) x = graph.Tanh(graph.Linear(x, weight));
  graph.Output(x, "y", TensorType::kF32, {-1, size}, {"batch"});
  return std::move(graph).Finish();
}

TEST(Runtime, RunsWithWeightsItShares) {
  const Program program = DenseProgram();
  EXPECT_EQ(program.parameter_count(), 8);
  auto executable = Load(program);
  EXPECT_THAT(executable->input_names(), ElementsAre("x"));
  EXPECT_THAT(executable->output_shape(0), ElementsAre(-1, 2));
  EXPECT_EQ(executable->precision(), Precision::kF32);
  std::vector<float> x = {1, 1, 1, 0, 1, 0};
  std::vector<float> y(4);
  const TensorView input = View(x, {2, 3});
  ASSERT_TRUE(executable->Run({}, {&input, 1}, 0, View(y, {2, 2})).ok());
  EXPECT_THAT(y, ElementsAre(16, 35, 12, 25));
}

TEST(Runtime, TakesAnotherShapeInTheNextRun) {
  auto executable = Load(DenseProgram());
  for (const int64_t rows : {1, 7, 3, 7}) {
    std::vector<float> x(static_cast<size_t>(rows * 3), 1.0f);
    std::vector<float> y(static_cast<size_t>(rows * 2));
    const TensorView input = View(x, {rows, 3});
    ASSERT_TRUE(executable->Run({}, {&input, 1}, 0, View(y, {rows, 2})).ok());
    EXPECT_EQ(y.back(), 35);
  }
}

TEST(Runtime, KeepsWeightsAliveAfterTheProgramWent) {
  auto program = std::make_unique<Program>(DenseProgram());
  auto executable = Load(*program);
  program.reset();
  std::vector<float> x = {0, 0, 1};
  std::vector<float> y(2);
  const TensorView input = View(x, {1, 3});
  ASSERT_TRUE(executable->Run({}, {&input, 1}, 0, View(y, {1, 2})).ok());
  EXPECT_THAT(y, ElementsAre(13, 26));
}

TEST(Runtime, RefusesTensorsThatDoNotFit) {
  auto executable = Load(DenseProgram());
  std::vector<float> x(8);
  std::vector<float> y(4);
  const TensorView wide = View(x, {2, 4});
  const Status input_status = executable->Run({}, {&wide, 1}, 0, View(y, {2, 2}));
  EXPECT_EQ(input_status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(input_status.message(), HasSubstr("Input `x` takes f32 [?, 3]; given f32 [2, 4]"));
  const TensorView good = View(x, {2, 3});
  const Status output_status = executable->Run({}, {&good, 1}, 0, View(y, {1, 2}));
  EXPECT_EQ(output_status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(output_status.message(), HasSubstr("[2, 2]"));
  EXPECT_EQ(executable->Run({}, {&good, 1}, 1, View(y, {2, 2})).code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(executable->Run({}, {}, 0, View(y, {2, 2})).code(), StatusCode::kInvalidArgument);
}

TEST(Runtime, ManyThreadsShareOneExecutable) {
  auto executable = Load(DenseProgram(), {.thread_count = 2, .stream_count = 2});
  EXPECT_EQ(executable->stream_count(), 2);
  std::vector<std::jthread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 1; i < 30; ++i) {
        std::vector<float> x(static_cast<size_t>(i * 3), static_cast<float>(t));
        std::vector<float> y(static_cast<size_t>(i * 2));
        const TensorView input = View(x, {i, 3});
        const Status status = executable->Run({}, {&input, 1}, 0, View(y, {i, 2}));
        if (!status.ok() || y.back() != static_cast<float>(15 * t + 20)) ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

TEST(Runtime, StopsWhenCancelled) {
  auto executable = Load(LongProgram(1024, 400));
  RequestContext context;
  std::vector<float> x(1024 * 256, 0.5f);
  std::vector<float> y(x.size());
  const TensorView input = View(x, {256, 1024});
  Status status;
  std::jthread runner([&] {
    status = executable->Run(context, {&input, 1}, 0, View(y, {256, 1024}));
  });
  context.cancel.Cancel();
  runner.join();
  EXPECT_EQ(status.code(), StatusCode::kCancelled);
  // The next one runs as if nothing had been.
  std::vector<float> y1(1024);
  const TensorView one = View(x, {1, 1024});
  EXPECT_TRUE(executable->Run({}, {&one, 1}, 0, View(y1, {1, 1024})).ok());
}

TEST(Runtime, StopsAtTheDeadline) {
  auto executable = Load(LongProgram(1024, 400));
  RequestContext context;
  context.SetTimeout(std::chrono::milliseconds(1));
  std::vector<float> x(1024 * 512, 0.5f);
  std::vector<float> y(x.size());
  const TensorView input = View(x, {512, 1024});
  EXPECT_EQ(executable->Run(context, {&input, 1}, 0, View(y, {512, 1024})).code(),
            StatusCode::kDeadlineExceeded);
}

TEST(Runtime, Bf16IsCloseToF32) {
  const Program program = LongProgram(64, 3);
  auto exact = Load(program);
  auto fast = Load(program, {.precision = Precision::kBF16});
  std::vector<float> x(64, 0.75f);
  std::vector<float> expected(64), got(64);
  const TensorView input = View(x, {1, 64});
  ASSERT_TRUE(exact->Run({}, {&input, 1}, 0, View(expected, {1, 64})).ok());
  ASSERT_TRUE(fast->Run({}, {&input, 1}, 0, View(got, {1, 64})).ok());
  EXPECT_THAT(got, Pointwise(FloatNear(0.003f), expected));
}

TEST(Runtime, OneServesTheProcess) {
  auto a = OpenVinoRuntime();
  auto b = OpenVinoRuntime();
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->get(), b->get());
  EXPECT_EQ((*a)->name(), "openvino");
  EXPECT_FALSE((*a)->version().empty());
}

TEST(Precision, NamesAreReadBack) {
  for (const Precision precision : {Precision::kF32, Precision::kBF16, Precision::kAuto}) {
    EXPECT_EQ(ParsePrecision(PrecisionName(precision)).value(), precision);
  }
  EXPECT_EQ(ParsePrecision("int8").status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(ResolvePrecision(Precision::kAuto), Precision::kAuto);
}

}  // namespace
}  // namespace iolite::program
