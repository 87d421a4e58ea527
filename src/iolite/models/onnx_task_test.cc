#include "iolite/models/internal/onnx_task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "iolite/models/classifier.h"
#include "iolite/models/reranker.h"
#include "iolite/models/testing/task_models.h"
#include "iolite/models/token_classifier.h"
#include "iolite/program/graph_builder.h"

/// ONNX files from elsewhere, with names of their own.

namespace iolite::models {
namespace {

using program::GraphBuilder;
using program::TensorType;
using program::Value;
using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::Pointwise;
using testing::TemporaryFolder;

const TaskOptions kF32 = {.precision = program::Precision::kF32};
constexpr int64_t kVocabulary = 110;

/// A file whose labels score what a table says of each token: added up, or token by token.
std::string OtherFile(int64_t label_count, bool per_token) {
  GraphBuilder graph("other");
  const auto input = [&](const char* name) {
    return graph.Input(name, TensorType::kI64, {-1, -1}, {"batch", "sequence"});
  };
  const Value ids = input("tokens"), mask = input("present");
  auto table = std::make_shared<std::vector<float>>();
  for (int64_t i = 0; i < kVocabulary * label_count; ++i) {
    table->push_back(static_cast<float>((i * 37) % 11) * 0.1f);
  }
  const Value rows = graph.AddWeight({.name = "table",
                                      .shape = {kVocabulary, label_count},
                                      .data = table->data(),
                                      .owner = table});
  const Value seen = graph.Cast(graph.Reshape(mask, {0, -1, 1}), TensorType::kF32);
  const Value scores = graph.Mul(graph.Gather(rows, ids, 0), seen);
  if (per_token) {
    graph.Output(scores, "answers", TensorType::kF32, {-1, -1, label_count});
  } else {
    graph.Output(graph.ReduceSum(scores, 1, false), "answers", TensorType::kF32, {-1, label_count});
  }
  return std::move(graph).Finish().Serialize().value();
}

/// A folder with such a file, a tokenizer, and what `description` says.
class OtherOnnx : public ::testing::Test {
 protected:
  void Write(int64_t label_count, bool per_token, const std::string& description) {
    const auto base = testing::ReferenceModels(IOLITE_SOURCE_DIR) / "base";
    std::filesystem::copy_file(base / "tokenizer.json", folder_.File("tokenizer.json"),
                               std::filesystem::copy_options::overwrite_existing);
    folder_.Write("model.onnx", OtherFile(label_count, per_token));
    folder_.Write(kOnnxTaskName, description);
  }

  TemporaryFolder folder_;
};

constexpr const char* kInputs = R"("inputs": {"input_ids": "tokens", "attention_mask": "present"})";

TEST_F(OtherOnnx, Classifies) {
  Write(3, false,
        fmt::format(R"({{"task": "classification", {}, "activation": "none",
                        "labels": ["a", "b", "c"], "max_seq_length": 6}})",
                    kInputs));
  const auto classifier = OpenClassifier(folder_.path(), kF32);
  ASSERT_TRUE(classifier.ok()) << classifier.status().ToString();
  EXPECT_EQ((*classifier)->info().architecture, "onnx");
  EXPECT_EQ((*classifier)->info().token_count_max, 6);
  EXPECT_THAT((*classifier)->info().labels, ElementsAre("a", "b", "c"));
  const std::vector<std::string_view> texts = {"", "hello world and much more than fits"};
  std::vector<float> scores(6), alone(3);
  ASSERT_TRUE((*classifier)->Classify({}, texts, scores).ok());
  // [CLS] is token 2 and [SEP] token 3: rows 6.. and 9.. of the table.
  const auto row = [](int64_t i) { return static_cast<float>((i * 37) % 11) * 0.1f; };
  for (int64_t k = 0; k < 3; ++k) EXPECT_NEAR(scores[k], row(6 + k) + row(9 + k), 1e-5);
  ASSERT_TRUE((*classifier)->Classify({}, {&texts[1], 1}, alone).ok());
  EXPECT_THAT(alone, Pointwise(FloatNear(1e-5f), std::vector(scores.begin() + 3, scores.end())));
}

TEST_F(OtherOnnx, Reranks) {
  Write(1, false, fmt::format(R"({{"task": "rerank", {}, "output": "answers"}})", kInputs));
  const auto reranker = OpenReranker(folder_.path(), kF32);
  ASSERT_TRUE(reranker.ok()) << reranker.status().ToString();
  const std::vector<std::string_view> documents = {"hello", "world that can fly"};
  std::vector<float> scores(2);
  ASSERT_TRUE((*reranker)->Score({}, "hello", documents, scores).ok());
  for (const float score : scores) {
    EXPECT_GT(score, 0.5f);  // a sigmoid of what is positive
    EXPECT_LT(score, 1.0f);
  }
}

TEST_F(OtherOnnx, FindsEntities) {
  Write(2, true,
        fmt::format(R"({{"task": "token-classification", {}, "labels": ["O", "WORD"]}})", kInputs));
  const auto finder = OpenTokenClassifier(folder_.path(), kF32);
  ASSERT_TRUE(finder.ok()) << finder.status().ToString();
  const std::vector<std::string_view> texts = {"hello world fly", "can fly"};
  const auto found = (*finder)->Find({}, texts, WordStrategy::kFirst);
  ASSERT_TRUE(found.ok()) << found.status().ToString();
  for (size_t i = 0; i < texts.size(); ++i) {
    for (const Entity& entity : (*found)[i]) {
      EXPECT_EQ(entity.label, "WORD");
      EXPECT_EQ(entity.text, texts[i].substr(entity.begin, entity.end - entity.begin));
    }
  }
}

TEST_F(OtherOnnx, LabelsMustFitTheOutput) {
  Write(3, false,
        fmt::format(R"({{"task": "classification", {}, "labels": ["a", "b"]}})", kInputs));
  const auto classifier = OpenClassifier(folder_.path(), kF32);
  EXPECT_EQ(classifier.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(classifier.status().ToString(), HasSubstr("2 labels are given"));
}

TEST_F(OtherOnnx, AnInputThatNothingFillsIsNamed) {
  Write(3, false, R"({"task": "classification", "inputs": {"input_ids": "tokens"}})");
  const auto classifier = OpenClassifier(folder_.path(), kF32);
  EXPECT_EQ(classifier.status().code(), StatusCode::kUnimplemented);
  EXPECT_THAT(classifier.status().ToString(), HasSubstr("input `present`"));
}

TEST_F(OtherOnnx, AnotherTaskIsRefused) {
  Write(3, false, fmt::format(R"({{"task": "classification", {}}})", kInputs));
  const auto finder = OpenTokenClassifier(folder_.path(), kF32);
  EXPECT_EQ(finder.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(finder.status().ToString(), HasSubstr("this model is for classification"));
}

TEST_F(OtherOnnx, AnOutputOfTheWrongKindIsRefused) {
  Write(3, false, fmt::format(R"({{"task": "token-classification", {}}})", kInputs));
  const auto finder = OpenTokenClassifier(folder_.path(), kF32);
  EXPECT_EQ(finder.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(finder.status().ToString(), HasSubstr("`answers` [?, 3]"));
}

TEST_F(OtherOnnx, AMistakenDescriptionIsRefused) {
  for (const auto& [description, reason] :
       {std::pair{R"({"task": "guess"})", "There is no task `guess`"},
        {R"({"task": "rerank", "inputs": {"words": "x"}})", "`words`"},
        {R"({"task": "rerank", "activation": "tanh"})", "`tanh`"},
        {R"({"task": "rerank", "bytes": {"beg_size": 0, "end_size": 0}})", "not both 0"},
        {R"({)", "is not JSON"}}) {
    folder_.Write(kOnnxTaskName, description);
    const auto task = ReadOnnxTask(folder_.path());
    EXPECT_EQ(task.status().code(), StatusCode::kInvalidArgument) << description;
    EXPECT_THAT(task.status().ToString(), HasSubstr(reason));
  }
}

TEST(ByteWindow, TakesBothEndsWithoutTheirBlanks) {
  const ByteWindow window{.begin_count = 3, .end_count = 4, .padding_id = 256, .block_count = 6};
  const std::vector<std::string_view> texts = {" abcdefgh ", "\n", "xy"};
  Encodings encodings;
  EncodeBytes(window, texts, &encodings);
  EXPECT_THAT(encodings.text_ids(0), ElementsAre('a', 'b', 'c', 'e', 'f', 'g', 'h'));
  EXPECT_THAT(encodings.text_ids(1), ElementsAre(256, 256, 256, 256, 256, 256, 256));
  EXPECT_THAT(encodings.text_ids(2), ElementsAre('x', 'y', 256, 256, 256, 'x', 'y'));
}

/// The bytes that a JSON text of one character a byte stands for.
std::string BytesOf(const std::string& latin1) {
  std::string bytes;
  for (size_t i = 0; i < latin1.size(); ++i) {
    const auto first = static_cast<unsigned char>(latin1[i]);
    if (first < 0x80) {
      bytes += latin1[i];
    } else {
      const auto second = static_cast<unsigned char>(latin1[++i]);
      bytes += static_cast<char>((first & 0x03u) << 6 | (second & 0x3fu));
    }
  }
  return bytes;
}

/// A real classifier of file types, against its own package.
TEST(Magika, LabelsBytesAsItsOrigin) {
  const auto folder = std::filesystem::path(IOLITE_SOURCE_DIR) / ".." / "shared" / "data" /
                      "models" / "magika-v3.3";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not here";
  const auto classifier = OpenClassifier(folder, kF32);
  ASSERT_TRUE(classifier.ok()) << classifier.status().ToString();
  const auto& labels = (*classifier)->info().labels;
  EXPECT_EQ(labels.size(), 214u);
  const auto expected = nlohmann::json::parse(
      std::ifstream(testing::ReferenceFolder(IOLITE_SOURCE_DIR, "magika.json")));
  std::vector<std::string> texts;
  for (const auto& entry : expected) texts.push_back(BytesOf(entry["text"].get<std::string>()));
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  std::vector<float> scores(texts.size() * labels.size());
  ASSERT_TRUE((*classifier)->Classify({}, views, scores).ok());
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::span<const float> row(scores.data() + i * labels.size(), labels.size());
    const LabelScore best = Classifier::Best(row);
    EXPECT_EQ(labels[best.label], expected[i]["label"]) << "text " << i;
    EXPECT_NEAR(best.confidence, expected[i]["score"].get<float>(), 1e-4) << "text " << i;
  }
}

}  // namespace
}  // namespace iolite::models
