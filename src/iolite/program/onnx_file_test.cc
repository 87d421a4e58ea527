#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "iolite/program/graph_builder.h"
#include "iolite/program/internal/onnx_model.h"
#include "iolite/program/program.h"
#include "iolite/program/runtime.h"

namespace iolite::program {
namespace {

namespace fs = std::filesystem;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kSize = 48;  // 48 x 48 floats are large enough to be a weight

class OnnxFileTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return (folder_ / name).string();
  }

  /// y = x W^T with W all ones.
  static Program Ones() {
    GraphBuilder graph("ones");
    const Value x = graph.Input("x", TensorType::kF32, {-1, kSize}, {"batch"});
    auto bytes = std::make_shared<std::vector<float>>(kSize * kSize, 1.0f);
    const Value weight = graph.AddWeight(
        {.name = "w", .shape = {kSize, kSize}, .data = bytes->data(), .owner = bytes});
    graph.Output(graph.Linear(x, weight), "y", TensorType::kF32, {-1, kSize}, {"batch"});
    return std::move(graph).Finish();
  }

  /// The same with W in a file of its own, `offset` bytes from its start.
  static std::string ExternalModel(const std::string& location, size_t offset, size_t length) {
    onnx::ModelProto proto = Ones().model().proto;
    auto* tensor = proto.mutable_graph()->add_initializer();
    tensor->set_name("w");
    tensor->set_data_type(onnx::TensorProto::FLOAT);
    tensor->add_dims(kSize);
    tensor->add_dims(kSize);
    tensor->set_data_location(onnx::TensorProto::EXTERNAL);
    for (const auto& [key, value] : {std::pair<std::string, std::string>{"location", location},
                                     {"offset", std::to_string(offset)},
                                     {"length", std::to_string(length)}}) {
      auto* entry = tensor->add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    }
    return proto.SerializeAsString();
  }

  static void ExpectOnes(const Program& program) {
    auto executable = OpenVinoRuntime().value()->Load(program, {});
    ASSERT_TRUE(executable.ok()) << executable.status().ToString();
    std::vector<float> x(kSize, 0.5f);
    std::vector<float> y(kSize);
    const TensorView input{.shape = {1, kSize}, .data = x.data()};
    ASSERT_TRUE(
        (*executable)->Run({}, {&input, 1}, 0, {.shape = {1, kSize}, .data = y.data()}).ok());
    EXPECT_THAT(y, Each(24.0f));
  }

  fs::path folder_ = fs::temp_directory_path() / ("iolite_onnx_" + std::to_string(::getpid()));
};

TEST_F(OnnxFileTest, WhatWasWrittenIsReadBack) {
  const auto path = Write("model.onnx", Ones().Serialize().value());
  auto program = Program::FromOnnxFile(path);
  ASSERT_TRUE(program.ok()) << program.status().ToString();
  EXPECT_EQ(program->parameter_count(), kSize * kSize);
  ASSERT_EQ(program->inputs().size(), 1u);
  EXPECT_EQ(program->inputs()[0].name, "x");
  EXPECT_THAT(program->inputs()[0].shape, ElementsAre(-1, kSize));
  ExpectOnes(*program);
}

TEST_F(OnnxFileTest, ReadsWeightsFromTheFileBesideIt) {
  std::vector<float> values(kSize * kSize + 16, 1.0f);
  const std::string bytes(reinterpret_cast<const char*>(values.data()), values.size() * 4);
  Write("model.onnx_data", bytes);
  const auto path = Write("model.onnx", ExternalModel("model.onnx_data", 64, kSize * kSize * 4));
  auto program = Program::FromOnnxFile(path);
  ASSERT_TRUE(program.ok()) << program.status().ToString();
  ExpectOnes(*program);
}

TEST_F(OnnxFileTest, NamesDataThatIsCutOffOrMissing) {
  Write("short", "abc");
  const auto cut = Write("cut.onnx", ExternalModel("short", 0, kSize * kSize * 4));
  const Status cut_status = Program::FromOnnxFile(cut).status();
  EXPECT_EQ(cut_status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(cut_status.message(), HasSubstr("short has 3 bytes"));
  EXPECT_THAT(cut_status.message(), HasSubstr("tensor w"));
  const auto gone = Write("gone.onnx", ExternalModel("nowhere", 0, kSize * kSize * 4));
  EXPECT_EQ(Program::FromOnnxFile(gone).status().code(), StatusCode::kNotFound);
  const auto past = Write("past.onnx", ExternalModel("short", 1u << 30, kSize * kSize * 4));
  EXPECT_EQ(Program::FromOnnxFile(past).status().code(), StatusCode::kDataLoss);
}

TEST_F(OnnxFileTest, ReadsNothingOutsideItsFolder) {
  for (const char* location : {"../secret", "/etc/passwd", ""}) {
    const auto path = Write("model.onnx", ExternalModel(location, 0, kSize * kSize * 4));
    EXPECT_EQ(Program::FromOnnxFile(path).status().code(), StatusCode::kInvalidArgument)
        << location;
  }
}

TEST_F(OnnxFileTest, RefusesWhatIsNoModel) {
  const auto text = Write("text.onnx", "this is no model");
  const Status status = Program::FromOnnxFile(text).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("text.onnx is not an ONNX model"));
  EXPECT_EQ(Program::FromOnnxFile(Write("empty.onnx", "")).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Program::FromOnnxFile((folder_ / "gone.onnx").string()).status().code(),
            StatusCode::kNotFound);
  std::string cut = Ones().Serialize().value();
  cut.resize(cut.size() / 2);
  EXPECT_EQ(Program::FromOnnxFile(Write("cut.onnx", cut)).status().code(),
            StatusCode::kInvalidArgument);
}

TEST_F(OnnxFileTest, NamesOperatorsItCannotRun) {
  const Program ones = Ones();
  onnx::ModelProto proto = ones.model().proto;
  internal::AddWeightInitializers(ones.model(), &proto);
  proto.mutable_graph()->mutable_node(0)->set_op_type("Teleport");
  auto program = Program::FromOnnxFile(Write("model.onnx", proto.SerializeAsString()));
  ASSERT_TRUE(program.ok()) << program.status().ToString();
  const Status status = OpenVinoRuntime().value()->Load(*program, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kUnimplemented) << status.ToString();
  EXPECT_THAT(status.message(), HasSubstr("Teleport"));
}

TEST_F(OnnxFileTest, AGraphThatDoesNotFitTogetherIsMalformed) {
  onnx::ModelProto proto = Ones().model().proto;
  proto.mutable_graph()->mutable_node(0)->set_input(0, "nobody");
  auto program = Program::FromOnnxFile(Write("model.onnx", proto.SerializeAsString()));
  ASSERT_TRUE(program.ok());
  const Status status = OpenVinoRuntime().value()->Load(*program, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status.ToString();
}

}  // namespace
}  // namespace iolite::program
