#include "iolite/models/static_embedder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "iolite/models/testing/temporary_folder.h"

namespace iolite::models {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

const std::string kReference = IOLITE_SOURCE_DIR "/tests/reference/static_embeddings";

std::vector<float> Embed(const Embedder& embedder, const std::vector<std::string>& texts) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  std::vector<float> vectors(texts.size() * static_cast<size_t>(embedder.info().dimension), -1.0f);
  const Status status = embedder.Embed({}, views, TextRole::kDocument, vectors);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return vectors;
}

class StaticEmbedderReference : public ::testing::TestWithParam<const char*> {};

// expected.json comes from the model2vec package: tests/reference/static_embeddings.py.
TEST_P(StaticEmbedderReference, GivesTheVectorsOfModel2vec) {
  const std::string folder = kReference + "/" + GetParam();
  const auto executor = Executor::Threads(2);
  auto embedder =
      OpenStaticEmbedder({.folder = folder, .model_id = "m", .executor = executor.get()});
  ASSERT_TRUE(embedder.ok()) << embedder.status().ToString();
  EXPECT_EQ((*embedder)->info().architecture, "model2vec");
  const auto expected = nlohmann::json::parse(std::ifstream(folder + "/expected.json"));
  const auto texts = expected["texts"].get<std::vector<std::string>>();
  const auto rows = expected["vectors"].get<std::vector<std::vector<double>>>();
  const std::vector<float> got = Embed(**embedder, texts);
  // The package rounds its result to the table's own format: 11 bits of a number up to 3 in `half`.
  const double tolerance = std::string_view(GetParam()) == "half" ? 1e-3 : 1e-6;
  for (size_t text = 0; text < texts.size(); ++text) {
    for (size_t i = 0; i < 8; ++i)
      EXPECT_NEAR(got[text * 8 + i], rows[text][i], tolerance) << texts[text] << " " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, StaticEmbedderReference,
                         ::testing::Values("plain", "short", "half", "bytes", "mapped", "unigram"),
                         [](const auto& info) { return std::string(info.param); });

TEST(StaticEmbedder, TextsWithoutKnownTokensAreZero) {
  auto embedder = OpenStaticEmbedder({.folder = kReference + "/plain"});
  ASSERT_TRUE(embedder.ok());
  EXPECT_THAT(Embed(**embedder, {"zebra", ""}), ::testing::Each(0.0f));
}

TEST(StaticEmbedder, ManyTextsAreTheSameAsOne) {
  const auto executor = Executor::Threads(3);
  auto embedder = OpenStaticEmbedder({.folder = kReference + "/plain", .executor = executor.get()});
  ASSERT_TRUE(embedder.ok());
  const std::vector<float> one = Embed(**embedder, {"a pirate at sea"});
  const std::vector<float> many =
      Embed(**embedder, std::vector<std::string>(500, "a pirate at sea"));
  for (size_t i = 0; i < many.size(); ++i) ASSERT_EQ(many[i], one[i % 8]);
}

class StaticEmbedderFaults : public ::testing::Test {
 protected:
  StaticEmbedderFaults() {
    fs::copy(kReference + "/plain", folder.path(),
             fs::copy_options::overwrite_existing | fs::copy_options::recursive);
  }
  Status Open() { return OpenStaticEmbedder({.folder = folder.path()}).status(); }
  /// A safetensors file with one tensor.
  void WriteTensor(const std::string& name, const std::string& type,
                   const std::vector<int64_t>& shape, size_t bytes) {
    const std::string header =
        nlohmann::json{{name, {{"dtype", type}, {"shape", shape}, {"data_offsets", {0, bytes}}}}}
            .dump();
    const uint64_t size = header.size();
    folder.Write("model.safetensors", std::string(reinterpret_cast<const char*>(&size), 8) +
                                          header + std::string(bytes, '\0'));
  }

  TemporaryFolder folder;
};

TEST_F(StaticEmbedderFaults, NamesAMissingFile) {
  for (const char* name : {"model.safetensors", "tokenizer.json", "config.json"}) {
    TemporaryFolder aside;
    fs::copy(folder.File(name), aside.File(name));
    fs::remove(folder.File(name));
    const Status status = Open();
    EXPECT_EQ(status.code(), StatusCode::kNotFound) << name;
    EXPECT_THAT(status.message(), HasSubstr(name));
    fs::copy(aside.File(name), folder.File(name));
  }
}

TEST_F(StaticEmbedderFaults, NamesATableThatDoesNotFit) {
  WriteTensor("embeddings", "F32", {5, 8}, 160);
  EXPECT_THAT(Open().message(), HasSubstr("5 rows for a vocabulary of 19 tokens"));
  WriteTensor("other", "F32", {19, 8}, 608);
  EXPECT_THAT(Open().message(), HasSubstr("no tensor 'embeddings'"));
  WriteTensor("embeddings", "F32", {152}, 608);
  EXPECT_THAT(Open().message(), HasSubstr("[rows, dimension] is wanted"));
  WriteTensor("embeddings", "I64", {19, 8}, 1216);
  EXPECT_EQ(Open().code(), StatusCode::kUnimplemented);
  fs::resize_file(folder.File("model.safetensors"), 200);
  EXPECT_EQ(Open().code(), StatusCode::kDataLoss);
}

TEST_F(StaticEmbedderFaults, NamesASettingOfTheWrongType) {
  folder.Write("config.json", R"({"model_type": "model2vec", "max_length": -3})");
  EXPECT_THAT(Open().message(), HasSubstr("max_length is no number of tokens: -3"));
  folder.Write("config.json", R"({"model_type": "model2vec", "normalize": "yes"})");
  EXPECT_THAT(Open().message(), HasSubstr("normalize"));
  folder.Write("config.json", "[");
  EXPECT_THAT(Open().message(), HasSubstr("config.json"));
  folder.Write("config.json", R"({"model_type": "model2vec", "max_length": null})");
  EXPECT_TRUE(Open().ok());
}

}  // namespace
}  // namespace iolite::models
