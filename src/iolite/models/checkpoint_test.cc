#include "iolite/models/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "iolite/models/testing/safetensors_writer.h"
#include "iolite/models/testing/temporary_folder.h"

namespace iolite::models {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::SafetensorsWriter;
using testing::TemporaryFolder;

std::vector<float> Values(const program::Weight& weight) {
  const auto* values = static_cast<const float*>(weight.data);
  return {values, values + weight.element_count()};
}

std::string Halves(std::initializer_list<uint16_t> bits) {
  return {reinterpret_cast<const char*>(bits.begin()), bits.size() * 2};
}

class CheckpointTest : public ::testing::Test {
 protected:
  std::unique_ptr<const Checkpoint> Open(const SafetensorsWriter& writer, size_t padding = 0) {
    folder_.Write("model.safetensors", writer.Bytes(padding));
    auto checkpoint = Checkpoint::Open(folder_.path());
    EXPECT_TRUE(checkpoint.ok()) << checkpoint.status().ToString();
    return std::move(checkpoint).value();
  }

  TemporaryFolder folder_;
};

TEST_F(CheckpointTest, SharesF32WithTheFile) {
  auto checkpoint = Open(SafetensorsWriter().AddFloats("w", {2, 1}, {1.5f, -2}));
  auto first = checkpoint->Load("w", {2, 1});
  auto second = checkpoint->Load("w", {2, 1});
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->data, second->data);
  checkpoint.reset();
  EXPECT_THAT(Values(*first), ElementsAre(1.5f, -2));
}

TEST_F(CheckpointTest, CopiesF32ThatLiesBetweenAddresses) {
  for (size_t padding = 0; padding < 4; ++padding) {
    auto checkpoint = Open(SafetensorsWriter().AddFloats("w", {2}, {1.5f, -2}), padding);
    auto weight = checkpoint->Load("w", {2});
    ASSERT_TRUE(weight.ok());
    EXPECT_EQ(reinterpret_cast<uintptr_t>(weight->data) % 4, 0u);
    EXPECT_THAT(Values(*weight), ElementsAre(1.5f, -2));
  }
}

TEST_F(CheckpointTest, WidensF16) {
  auto checkpoint = Open(SafetensorsWriter().Add(
      "w", "F16", {9},
      Halves({0x3c00, 0xc000, 0x0000, 0x8000, 0x0001, 0x83ff, 0x7bff, 0x7c00, 0x7e00})));
  const auto values = Values(checkpoint->Load("w", {9}).value());
  EXPECT_THAT(std::vector<float>(values.begin(), values.begin() + 8),
              ElementsAre(1, -2, 0, -0.0f, 0x1p-24f, -1023 * 0x1p-24f, 65504, INFINITY));
  EXPECT_TRUE(std::signbit(values[3]));
  EXPECT_TRUE(std::isnan(values[8]));
}

TEST_F(CheckpointTest, WidensBf16) {
  auto checkpoint =
      Open(SafetensorsWriter().Add("w", "BF16", {3}, Halves({0x3f80, 0xc000, 0x3eab})));
  EXPECT_THAT(Values(checkpoint->Load("w", {3}).value()), ElementsAre(1, -2, 0.333984375f));
}

TEST_F(CheckpointTest, SaysWhatDoesNotFit) {
  auto checkpoint = Open(SafetensorsWriter()
                             .AddFloats("w", {2, 1}, {1, 2})
                             .Add("i", "I64", {1}, std::string(8, '\0')));
  const Status shape = checkpoint->Load("w", {1, 2}).status();
  EXPECT_EQ(shape.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(shape.message(),
              HasSubstr("tensor `w` has shape [2, 1], and the configuration asks for [1, 2]"));
  EXPECT_THAT(checkpoint->Load("v", {1}).status().message(), HasSubstr("has no tensor `v`"));
  EXPECT_THAT(checkpoint->Load("i", {1}).status().message(), HasSubstr("type I64"));
  EXPECT_TRUE(checkpoint->Has("w"));
  EXPECT_FALSE(checkpoint->Has("v"));
}

TEST_F(CheckpointTest, ReadsShards) {
  folder_.Write("one.safetensors", SafetensorsWriter().AddFloats("a", {1}, {1}).Bytes());
  folder_.Write("two.safetensors", SafetensorsWriter().AddFloats("b", {1}, {2}).Bytes());
  folder_.Write("model.safetensors.index.json",
                R"({"weight_map":{"a":"one.safetensors","b":"two.safetensors"}})");
  auto checkpoint = Checkpoint::Open(folder_.path());
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().ToString();
  EXPECT_THAT(Values((*checkpoint)->Load("a", {1}).value()), ElementsAre(1));
  EXPECT_THAT(Values((*checkpoint)->Load("b", {1}).value()), ElementsAre(2));
}

TEST_F(CheckpointTest, ShardsMustHoldWhatTheIndexPromises) {
  folder_.Write("one.safetensors", SafetensorsWriter().AddFloats("a", {1}, {1}).Bytes());
  const auto open = [&](const std::string& index) {
    folder_.Write("model.safetensors.index.json", index);
    return Checkpoint::Open(folder_.path()).status();
  };
  const Status lacks = open(R"({"weight_map":{"a":"one.safetensors","b":"one.safetensors"}})");
  EXPECT_EQ(lacks.code(), StatusCode::kDataLoss);
  EXPECT_THAT(lacks.message(), HasSubstr("lacks tensor `b`"));
  EXPECT_EQ(open(R"({"weight_map":{"a":"gone.safetensors"}})").code(), StatusCode::kNotFound);
  EXPECT_EQ(open(R"({"weight_map":{"a":"../one.safetensors"}})").code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(open("{}").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(open("{").code(), StatusCode::kInvalidArgument);
}

TEST_F(CheckpointTest, NamesTheFormatItDoesNotRead) {
  EXPECT_EQ(Checkpoint::Open(folder_.path()).status().code(), StatusCode::kNotFound);
  folder_.Write("pytorch_model.bin", "pickle");
  const Status status = Checkpoint::Open(folder_.path()).status();
  EXPECT_EQ(status.code(), StatusCode::kUnimplemented);
  EXPECT_THAT(status.message(), HasSubstr("model.safetensors"));
}

}  // namespace
}  // namespace iolite::models
