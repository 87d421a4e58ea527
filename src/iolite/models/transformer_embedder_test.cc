#include "iolite/models/transformer_embedder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "iolite/models/safetensors.h"
#include "iolite/models/testing/reference_models.h"
#include "iolite/models/testing/safetensors_writer.h"

namespace iolite::models {
namespace {

using testing::CopyReferenceModel;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::Pointwise;
using testing::TemporaryFolder;

std::string MiniLm() { return std::string(IOLITE_DEPS_DIR) + "/models/all-MiniLM-L6-v2"; }

std::unique_ptr<Embedder> Open(const std::string& folder,
                               program::Precision precision = program::Precision::kF32) {
  auto embedder = OpenTransformerEmbedder(folder, {.model_id = "test", .precision = precision});
  EXPECT_TRUE(embedder.ok()) << embedder.status().ToString();
  return std::move(embedder).value();
}

std::vector<float> Embed(const Embedder& embedder, const std::vector<std::string_view>& texts,
                         TextRole role = TextRole::kDocument) {
  std::vector<float> vectors(texts.size() * static_cast<size_t>(embedder.info().dimension));
  const Status status = embedder.Embed({}, texts, role, vectors);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return vectors;
}

std::vector<float> Row(const std::vector<float>& vectors, size_t row, size_t dimension) {
  return {vectors.begin() + row * dimension, vectors.begin() + (row + 1) * dimension};
}

/// The published model, which setup installs. Loaded once.
const Embedder& SharedMiniLm() {
  static const std::unique_ptr<Embedder> embedder = Open(MiniLm());
  return *embedder;
}

/// A small model of the test's own, whose files it may spoil.
class SmallModel : public ::testing::Test {
 protected:
  void SetUp() override { CopyReferenceModel(IOLITE_SOURCE_DIR, "base", folder_); }

  Status OpenStatus() { return OpenTransformerEmbedder(folder_.path(), {}).status(); }

  std::string Read(const std::string& name) {
    std::stringstream bytes;
    bytes << std::ifstream(folder_.File(name), std::ios::binary).rdbuf();
    return bytes.str();
  }

  void Replace(const std::string& name, const std::string& old_text, const std::string& new_text) {
    std::string bytes = Read(name);
    const size_t place = bytes.find(old_text);
    ASSERT_NE(place, std::string::npos) << old_text;
    folder_.Write(name, bytes.replace(place, old_text.size(), new_text));
  }

  TemporaryFolder folder_;
};

TEST(MiniLmTest, HelloWorldIsAsPublished) {
  const auto vector = Embed(SharedMiniLm(), {"hello world"});
  ASSERT_EQ(vector.size(), 384u);
  const std::vector<float> expected = {-0.034478f, 0.03102f, 0.00673f, 0.02611f, -0.039362f};
  EXPECT_THAT(std::vector<float>(vector.begin(), vector.begin() + 5),
              Pointwise(FloatNear(1e-5f), expected));
}

TEST(MiniLmTest, InfoIsThatOfItsFiles) {
  const EmbedderInfo& info = SharedMiniLm().info();
  EXPECT_EQ(info.architecture, "bert");
  EXPECT_EQ(info.precision, "f32");
  EXPECT_EQ(info.dimension, 384);
  EXPECT_EQ(info.token_count_max, 256);
  EXPECT_TRUE(info.normalized);
  EXPECT_EQ(info.metric, "cosine");
  EXPECT_EQ(info.parameter_count, 22565376);  // without the pooler, which embeddings do not use
}

TEST(MiniLmTest, ATextAloneAndAmongOthersIsTheSame) {
  const std::string long_text(3000, 'w');
  std::string words;
  for (int i = 0; i < 400; ++i) words += "word" + std::to_string(i) + " ";
  const std::vector<std::string_view> texts = {"hello world",
                                               "a",
                                               "",
                                               "birds that cannot fly",
                                               words,
                                               long_text,
                                               "one more text of some words"};
  const auto together = Embed(SharedMiniLm(), texts);
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_THAT(Embed(SharedMiniLm(), {texts[i]}),
                Pointwise(FloatNear(1e-5f), Row(together, i, 384)))
        << "text " << i;
  }
}

TEST(MiniLmTest, OddTextsHaveVectors) {
  const std::string megabyte = [] {
    std::string text;
    while (text.size() < (1u << 20)) text += "A long text of many words, 12345. ";
    return text;
  }();
  const std::string control("\x01\x02\x00\x1b[31m\x7f\t\r\n", 12);
  const std::string broken = "caf\xe9 \xff\xfe \xed\xa0\x80 \xc3";
  const std::vector<std::string_view> texts = {megabyte, control, broken,
                                               "",       " ",     std::string_view("\0", 1)};
  const auto vectors = Embed(SharedMiniLm(), texts);
  for (size_t i = 0; i < texts.size(); ++i) {
    double length = 0;
    for (const float value : Row(vectors, i, 384)) length += value * value;
    EXPECT_NEAR(length, 1.0, 1e-4) << "text " << i;
  }
}

TEST(MiniLmTest, Bf16IsCloseToF32AndSaysSo) {
  const auto fast = Open(MiniLm(), program::Precision::kBF16);
  const std::vector<std::string_view> texts = {"hello world", "birds that cannot fly"};
  const auto exact = Embed(SharedMiniLm(), texts);
  const auto rough = Embed(*fast, texts);
  if (fast->info().precision == "f32") GTEST_SKIP() << "this processor has no bf16";
  EXPECT_THAT(rough, Pointwise(FloatNear(0.003f), exact));
  for (size_t i = 0; i < texts.size(); ++i) {
    double cosine = 0;
    for (size_t k = 0; k < 384; ++k) cosine += exact[i * 384 + k] * rough[i * 384 + k];
    EXPECT_GT(cosine, 0.999);
  }
}

TEST(MiniLmTest, ManyThreadsShareOneLoad) {
  const std::vector<std::string> texts = {"one", "two words", "three words here",
                                          "and four words now"};
  std::map<std::string, std::vector<float>> expected;
  for (const auto& text : texts) expected[text] = Embed(SharedMiniLm(), {text});
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = 0; i < 6; ++i) {
        const std::string& text = texts[(i + static_cast<size_t>(t)) % texts.size()];
        EXPECT_THAT(Embed(SharedMiniLm(), {text}), Pointwise(FloatNear(1e-5f), expected[text]));
      }
    });
  }
}

TEST(MiniLmTest, StopsWhenAsked) {
  std::vector<std::string> texts;
  for (int i = 0; i < 4000; ++i) texts.push_back("text number " + std::to_string(i));
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const auto tokenized = SharedMiniLm().Tokenize({}, views, TextRole::kDocument);
  ASSERT_TRUE(tokenized.ok());
  EXPECT_EQ((*tokenized)->text_count(), texts.size());
  EXPECT_GT((*tokenized)->token_count(), 4 * 4000);
  std::vector<float> vectors(texts.size() * 384);
  RequestContext context;
  Status status;
  std::jthread runner([&] { status = SharedMiniLm().Run(context, **tokenized, vectors); });
  context.cancel.Cancel();
  runner.join();
  EXPECT_EQ(status.code(), StatusCode::kCancelled);
  RequestContext late;
  late.SetTimeout(std::chrono::milliseconds(5));
  EXPECT_EQ(SharedMiniLm().Run(late, **tokenized, vectors).code(), StatusCode::kDeadlineExceeded);
}

TEST(MiniLmTest, RoomMustFitTheTexts) {
  std::vector<float> vectors(383);
  const std::string_view text = "hello";
  const Status status = SharedMiniLm().Embed({}, {&text, 1}, TextRole::kQuery, vectors);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("384"));
  EXPECT_TRUE(SharedMiniLm().Embed({}, {}, TextRole::kQuery, {}).ok());
}

TEST(TinyBert, LoadsAndRuns) {
  const std::string folder = std::string(IOLITE_SOURCE_DIR) + "/../shared/data/models/tiny-bert";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "test data is not there: " << folder;
  const auto embedder = Open(folder);
  EXPECT_EQ(embedder->info().dimension, 32);
  for (const float value : Embed(*embedder, {"hello", "a longer text"}))
    EXPECT_TRUE(std::isfinite(value));
}

/// Old checkpoints: `bert.` in front of every name, `gamma` and `beta` for the norms.
TEST_F(SmallModel, OldTensorNamesAreKnown) {
  const auto expected = Embed(*Open(folder_.path()), {"hello world"});
  {
    auto file = SafetensorsFile::Open(folder_.File("model.safetensors"));
    ASSERT_TRUE(file.ok());
    testing::SafetensorsWriter writer;
    for (const auto& [name, tensor] : (*file)->tensors()) {
      std::string old_name = "bert." + name;
      const size_t norm = old_name.find("LayerNorm.");
      if (norm != std::string::npos) {
        old_name.replace(norm + 10, std::string::npos,
                         old_name.ends_with("weight") ? "gamma" : "beta");
      }
      writer.Add(old_name, tensor.type, tensor.shape,
                 {reinterpret_cast<const char*>(tensor.data), tensor.size_bytes});
    }
    folder_.Write("model.safetensors", writer.Bytes());
  }
  EXPECT_THAT(Embed(*Open(folder_.path()), {"hello world"}), Pointwise(FloatNear(1e-6f), expected));
}

TEST_F(SmallModel, RefusesOtherArchitecturesByName) {
  Replace("config.json", "\"bert\"", "\"t5\"");
  EXPECT_EQ(OpenStatus().code(), StatusCode::kUnimplemented);
  EXPECT_THAT(OpenStatus().message(),
              HasSubstr("`t5`, which is not supported. Checkpoints may be of: bert"));
  EXPECT_EQ(InspectTransformer(folder_.path(), {}).status().code(), StatusCode::kUnimplemented);
}

TEST_F(SmallModel, RefusesOtherKindsOfBert) {
  Replace("config.json", "\"gelu\"", "\"mish\"");
  EXPECT_EQ(OpenStatus().code(), StatusCode::kUnimplemented);
  EXPECT_THAT(OpenStatus().message(), HasSubstr("`mish`"));
  Replace("config.json", "\"mish\"", "\"gelu\",\"position_embedding_type\":\"relative_key\"");
  EXPECT_THAT(OpenStatus().message(), HasSubstr("relative_key"));
}

TEST_F(SmallModel, ConfigurationAndWeightsMustFit) {
  Replace("config.json", "\"intermediate_size\": 48", "\"intermediate_size\": 64");
  EXPECT_EQ(OpenStatus().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(OpenStatus().message(),
              HasSubstr("has shape [48, 32], and the configuration asks for [64, 32]"));
  Replace("config.json", "\"intermediate_size\": 64", "\"intermediate_size\": 48");
  Replace("config.json", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3");
  EXPECT_THAT(OpenStatus().message(), HasSubstr("has no tensor `encoder.layer.2."));
  Replace("config.json", "\"num_attention_heads\": 4", "\"num_attention_heads\": 5");
  EXPECT_THAT(OpenStatus().message(), HasSubstr("no multiple of num_attention_heads 5"));
  Replace("config.json", "\"hidden_size\": 32", "\"hidden_size\": -1");
  EXPECT_THAT(OpenStatus().message(), HasSubstr("`hidden_size` must be between 1"));
}

TEST_F(SmallModel, DamagedFilesAreNamed) {
  const std::string weights = Read("model.safetensors");
  folder_.Write("model.safetensors", weights.substr(0, weights.size() - 10));
  EXPECT_EQ(OpenStatus().code(), StatusCode::kDataLoss);
  EXPECT_THAT(OpenStatus().message(), HasSubstr("model.safetensors"));
  folder_.Write("model.safetensors", weights);
  folder_.Write("config.json", "{\"model_type\": ");
  EXPECT_EQ(OpenStatus().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(OpenStatus().message(), HasSubstr("config.json is not JSON"));
}

TEST_F(SmallModel, MissingFilesAreNamed) {
  std::filesystem::remove(folder_.File("tokenizer.json"));
  EXPECT_FALSE(OpenStatus().ok());
  EXPECT_THAT(OpenStatus().message(), HasSubstr("tokenizer"));
  std::filesystem::remove(folder_.File("model.safetensors"));
  EXPECT_EQ(OpenStatus().code(), StatusCode::kNotFound);
  std::filesystem::remove(folder_.File("config.json"));
  EXPECT_EQ(OpenStatus().code(), StatusCode::kNotFound);
  EXPECT_THAT(OpenStatus().message(), HasSubstr("neither config.json"));
}

TEST_F(SmallModel, ATokenizerOfAnotherModelIsNoticed) {
  const std::string other = MiniLm() + "/tokenizer.json";
  std::filesystem::copy_file(other, folder_.File("tokenizer.json"),
                             std::filesystem::copy_options::overwrite_existing);
  auto embedder = OpenTransformerEmbedder(folder_.path(), {});
  Status status = embedder.status();
  if (embedder.ok()) {
    std::vector<float> vector(32);
    const std::string_view text = "hello";
    status = (*embedder)->Embed({}, {&text, 1}, TextRole::kQuery, vector);
  }
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("the model knows 86"));
}

TEST_F(SmallModel, LengthIsCutToThePositionsThereAre) {
  folder_.Write("sentence_bert_config.json", R"({"max_seq_length": 5000})");
  const auto embedder = Open(folder_.path());
  EXPECT_EQ(embedder->info().token_count_max, 40);
  Embed(*embedder, {std::string(4000, 'a') + " b c d e f"});
}

TEST_F(SmallModel, TypesOfTheTokenizerReachTheModel) {
  const auto zeros = Embed(*Open(folder_.path()), {"hello world"});
  // A template that gives the text type 1.
  Replace("tokenizer.json", "\"type_id\": 0", "\"type_id\": 1");
  const auto ones = Embed(*Open(folder_.path()), {"hello world"});
  EXPECT_NE(zeros, ones);
}

TEST_F(SmallModel, SizesOfModulesMustFollow) {
  TemporaryFolder folder;
  CopyReferenceModel(IOLITE_SOURCE_DIR, "dense", folder);
  folder.Write("1_Pooling/config.json", R"({"pooling_mode":"mean"})");
  const Status status = OpenTransformerEmbedder(folder.path(), {}).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("takes vectors of 64 numbers, and gets 32"));
}

TEST_F(SmallModel, AnOnnxModelThatIsNoEncoderIsRefused) {
  std::filesystem::remove(folder_.File("model.safetensors"));
  folder_.Write("model.onnx", "no model");
  EXPECT_EQ(OpenStatus().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(OpenStatus().message(), HasSubstr("model.onnx is not an ONNX model"));
}

}  // namespace
}  // namespace iolite::models
