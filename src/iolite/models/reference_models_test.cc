#include "iolite/models/testing/reference_models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include <nlohmann/json.hpp>

#include "iolite/models/transformer_embedder.h"

/// Small random models against what sentence-transformers computed from them.

namespace iolite::models {
namespace {

using testing::CopyReferenceModel;
using ::testing::FloatNear;
using ::testing::Pointwise;
using testing::TemporaryFolder;

const nlohmann::json& Expected() {
  static const nlohmann::json expected = nlohmann::json::parse(
      std::ifstream(testing::ReferenceModels(IOLITE_SOURCE_DIR) / "expected.json"));
  return expected;
}

struct Case {
  std::string model;
  std::string expected;  ///< its name in expected.json
};

class ReferenceModel : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Models, ReferenceModel,
                         ::testing::Values(Case{"base", "base"}, Case{"normalized", "normalized"},
                                           Case{"joined", "joined"}, Case{"dense", "dense"},
                                           Case{"prompts", "prompts"},
                                           Case{"prompts_left_out", "prompts_left_out"},
                                           Case{"f16", "f16"}, Case{"bf16", "bf16"},
                                           Case{"sharded", "base"}, Case{"onnx", "base"}),
                         [](const auto& info) { return info.param.model; });

TEST_P(ReferenceModel, GivesTheVectorsOfItsOrigin) {
  const TemporaryFolder folder;
  CopyReferenceModel(IOLITE_SOURCE_DIR, GetParam().model, folder);
  const bool sharded = GetParam().model == "sharded", onnx = GetParam().model == "onnx";
  if (sharded || onnx) std::filesystem::remove(folder.File("model.safetensors"));
  auto embedder = OpenTransformerEmbedder(folder.path(), {.precision = program::Precision::kF32});
  ASSERT_TRUE(embedder.ok()) << embedder.status().ToString();
  EXPECT_EQ((*embedder)->info().architecture, onnx ? "onnx" : "bert");
  const auto texts = Expected()["texts"].get<std::vector<std::string>>();
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  for (const auto& [name, role] :
       {std::pair{"query", TextRole::kQuery}, {"document", TextRole::kDocument}}) {
    const auto rows = Expected()[GetParam().expected][name].get<std::vector<std::vector<float>>>();
    const size_t dimension = rows.front().size();
    ASSERT_EQ(static_cast<size_t>((*embedder)->info().dimension), dimension);
    std::vector<float> vectors(texts.size() * dimension);
    const Status status = (*embedder)->Embed({}, views, role, vectors);
    ASSERT_TRUE(status.ok()) << status.ToString();
    for (size_t i = 0; i < texts.size(); ++i) {
      const std::vector<float> vector(vectors.begin() + i * dimension,
                                      vectors.begin() + (i + 1) * dimension);
      EXPECT_THAT(vector, Pointwise(FloatNear(1e-4f), rows[i])) << name << ": " << texts[i];
    }
  }
}

TEST(ReferenceModelInfo, SaysWhatTheFilesSay) {
  const TemporaryFolder folder;
  CopyReferenceModel(IOLITE_SOURCE_DIR, "normalized", folder);
  const TransformerEmbedderOptions options = {
      .model_id = "m", .content_hash = "h", .precision = program::Precision::kF32};
  auto info = InspectTransformer(folder.path(), options);
  ASSERT_TRUE(info.ok()) << info.status().ToString();
  EXPECT_EQ(info->model_id, "m");
  EXPECT_EQ(info->content_hash, "h");
  EXPECT_EQ(info->architecture, "bert");
  EXPECT_EQ(info->precision, "f32");
  EXPECT_EQ(info->dimension, 32);
  EXPECT_EQ(info->token_count_max, 24);
  EXPECT_TRUE(info->normalized);
  EXPECT_EQ(info->metric, "dot");
  EXPECT_GT(info->parameter_count, 10000);
}

}  // namespace
}  // namespace iolite::models
