#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "iolite/models/architectures.h"
#include "iolite/models/checkpoint.h"
#include "iolite/models/encoders/attention.h"
#include "iolite/models/encoders/encoder.h"
#include "iolite/models/pooling.h"
#include "iolite/models/testing/reference_models.h"
#include "iolite/models/transformer_embedder.h"

/// The smallest checkpoint of each architecture against what its origin computed from it.

namespace iolite::models {
namespace {

using program::GraphBuilder;
using program::TensorType;
using program::TensorView;
using program::Value;
using ::testing::FloatNear;
using ::testing::Pointwise;
using testing::ReferenceFolder;

using Rows = std::vector<std::vector<float>>;

const nlohmann::json& Expected() {
  static const nlohmann::json expected =
      testing::ReferenceExpected(IOLITE_SOURCE_DIR, "architectures");
  return expected;
}

std::string Folder(const std::string& name) {
  return ReferenceFolder(IOLITE_SOURCE_DIR, "architectures") / name;
}

/// The encoder alone, with one way of pooling, so that a test chooses padding itself.
std::unique_ptr<program::Executable> LoadBare(const std::string& folder, PoolingMode pooling) {
  const ModelConfig config = ModelConfig::Read(folder + "/config.json").value();
  const auto architecture = FindArchitecture(config);
  EXPECT_TRUE(architecture.ok()) << architecture.status().ToString();
  const auto plan = (*architecture)->plan(config);
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  const auto checkpoint = Checkpoint::Open(folder).value();
  GraphBuilder graph("bare");
  const auto input = [&](const char* name) {
    return graph.Input(name, TensorType::kI32, {-1, -1}, {"batch", "sequence"});
  };
  const EncoderInputs inputs{.ids = input("ids"), .mask = input("mask")};
  const auto tokens = BuildEncoder(*plan, *checkpoint, inputs, graph);
  EXPECT_TRUE(tokens.ok()) << tokens.status().ToString();
  graph.Output(AddPooling({.modes = {pooling}}, {.tokens = *tokens, .mask = inputs.mask}, graph),
               "vectors", TensorType::kF32, {-1, plan->hidden_size});
  auto executable = program::OpenVinoRuntime().value()->Load(std::move(graph).Finish(), {});
  EXPECT_TRUE(executable.ok()) << executable.status().ToString();
  return std::move(*executable);
}

Rows RunBare(program::Executable& executable, const nlohmann::json& batch) {
  const auto ids = batch["ids"].get<std::vector<std::vector<int32_t>>>();
  const auto mask = batch["mask"].get<std::vector<std::vector<int32_t>>>();
  const auto flat = [](const std::vector<std::vector<int32_t>>& rows) {
    std::vector<int32_t> all;
    for (const auto& row : rows) all.insert(all.end(), row.begin(), row.end());
    return all;
  };
  std::vector<int32_t> flat_ids = flat(ids), flat_mask = flat(mask);
  const auto count = static_cast<int64_t>(ids.size());
  const std::vector<int64_t> shape = {count, static_cast<int64_t>(ids.front().size())};
  const std::vector<TensorView> inputs = {
      {.type = TensorType::kI32, .shape = shape, .data = flat_ids.data()},
      {.type = TensorType::kI32, .shape = shape, .data = flat_mask.data()}};
  const int64_t width = executable.output_shape(0).back();
  std::vector<float> out(static_cast<size_t>(count * width));
  const Status status =
      executable.Run({}, inputs, 0, {.shape = {count, width}, .data = out.data()});
  EXPECT_TRUE(status.ok()) << status.ToString();
  Rows rows;
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto begin = out.begin() + static_cast<std::ptrdiff_t>(i) * width;
    rows.emplace_back(begin, begin + width);
  }
  return rows;
}

std::unique_ptr<Embedder> Open(const std::string& folder) {
  auto embedder = OpenTransformerEmbedder(folder, {.precision = program::Precision::kF32});
  EXPECT_TRUE(embedder.ok()) << embedder.status().ToString();
  return std::move(*embedder);
}

Rows Embed(const Embedder& embedder, const std::vector<std::string>& texts) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const auto dimension = static_cast<size_t>(embedder.info().dimension);
  std::vector<float> vectors(texts.size() * dimension);
  const Status status = embedder.Embed({}, views, TextRole::kDocument, vectors);
  EXPECT_TRUE(status.ok()) << status.ToString();
  Rows rows;
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto begin = vectors.begin() + static_cast<std::ptrdiff_t>(i * dimension);
    rows.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(dimension));
  }
  return rows;
}

class ReferenceArchitecture : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(All, ReferenceArchitecture,
                         ::testing::Values("bert", "distilbert", "roberta", "roberta_prefixed",
                                           "xlm-roberta", "camembert", "mpnet", "modernbert",
                                           "nomic_bert", "nomic_bert_own", "gte", "new", "new_ntk",
                                           "qwen3"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST_P(ReferenceArchitecture, TokensAreThoseOfItsOriginWhicheverSideIsPadded) {
  for (const auto& [mode, key] :
       {std::pair{PoolingMode::kMean, "mean"}, {PoolingMode::kLastToken, "last"}}) {
    const auto executable = LoadBare(Folder(GetParam()), mode);
    for (const auto& batch : Expected()[GetParam()]["batches"]) {
      const Rows rows = RunBare(*executable, batch);
      const Rows expected = batch[key].get<Rows>();
      for (size_t i = 0; i < rows.size(); ++i) {
        EXPECT_THAT(rows[i], Pointwise(FloatNear(1e-4f), expected[i]))
            << key << " of row " << i << ", mask " << batch["mask"][i];
      }
    }
  }
}

TEST_P(ReferenceArchitecture, TextsHaveTheVectorsOfItsOrigin) {
  if (!Expected()[GetParam()].contains("vectors")) GTEST_SKIP() << "its origin reads no texts";
  const auto embedder = Open(Folder(GetParam()));
  const Rows expected = Expected()[GetParam()]["vectors"].get<Rows>();
  const Rows rows = Embed(*embedder, Expected()["texts"].get<std::vector<std::string>>());
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_THAT(rows[i], Pointwise(FloatNear(1e-4f), expected[i])) << Expected()["texts"][i];
  }
}

TEST_P(ReferenceArchitecture, ATextAloneAndAmongOthersIsTheSame) {
  const auto embedder = Open(Folder(GetParam()));
  const auto texts = Expected()["texts"].get<std::vector<std::string>>();
  const Rows together = Embed(*embedder, texts);
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_THAT(Embed(*embedder, {texts[i]}).front(), Pointwise(FloatNear(1e-5f), together[i]))
        << texts[i];
  }
}

TEST(Architectures, EachHasAReference) {
  for (const Architecture& architecture : Architectures()) {
    EXPECT_TRUE(Expected().contains(architecture.model_type)) << architecture.model_type;
  }
}

/// Buckets of the origin, for distances key - query.
TEST(RelativeBucket, IsExactWhenNearAndLogarithmicWhenFar) {
  EXPECT_EQ(RelativeBucket(0, 32), 0);
  EXPECT_EQ(RelativeBucket(-1, 32), 1);
  EXPECT_EQ(RelativeBucket(1, 32), 17);
  EXPECT_EQ(RelativeBucket(-7, 32), 7);
  EXPECT_EQ(RelativeBucket(-8, 32), 8);
  EXPECT_EQ(RelativeBucket(-12, 32), 9);
  EXPECT_EQ(RelativeBucket(-127, 32), 15);
  EXPECT_EQ(RelativeBucket(-128, 32), 15);
  EXPECT_EQ(RelativeBucket(5000, 32), 31);
}

/// Random weights of the workplace: they run, and a text has one vector whatever stands beside it.
TEST(SharedTinyModels, Run) {
  const std::filesystem::path shared =
      std::filesystem::path(IOLITE_SOURCE_DIR) / ".." / "shared" / "data" / "models";
  if (!std::filesystem::exists(shared)) GTEST_SKIP() << shared << " is not here";
  for (const char* name :
       {"tiny-bert", "tiny-modernbert", "tiny-modernbert-classifier", "tiny-modernbert-ner"}) {
    const auto embedder = Open(shared / name);
    const std::vector<std::string> texts = {"hello world", "", "a much longer text, of some words"};
    const Rows together = Embed(*embedder, texts);
    EXPECT_EQ(together.front().size(), 32u) << name;
    for (size_t i = 0; i < texts.size(); ++i) {
      EXPECT_THAT(Embed(*embedder, {texts[i]}).front(), Pointwise(FloatNear(1e-5f), together[i]))
          << name << ": " << texts[i];
    }
  }
}

}  // namespace
}  // namespace iolite::models
