#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "iolite/models/classifier.h"
#include "iolite/models/reranker.h"
#include "iolite/models/testing/task_models.h"
#include "iolite/models/token_classifier.h"

/// Cross-encoders, classifiers and token classifiers of every architecture against what their
/// origins computed.

namespace iolite::models {
namespace {

using testing::CopyTaskModel;
using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::Pointwise;
using testing::TemporaryFolder;

const TaskOptions kF32 = {.precision = program::Precision::kF32};

const nlohmann::json& Expected() {
  static const nlohmann::json expected = testing::ReferenceExpected(IOLITE_SOURCE_DIR, "tasks");
  return expected;
}

std::vector<std::string> Texts() { return Expected()["texts"].get<std::vector<std::string>>(); }

std::string TestName(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

const char* const kArchitectures[] = {"bert",      "distilbert", "roberta",    "xlm-roberta",
                                      "camembert", "mpnet",      "modernbert", "nomic_bert",
                                      "gte",       "qwen3"};

std::vector<std::string> Named(const std::string& task, std::vector<std::string> others) {
  for (const char* architecture : kArchitectures) {
    others.push_back(std::string(architecture) + "_" + task);
  }
  return others;
}

template <typename Model>
std::unique_ptr<Model> Opened(Result<std::unique_ptr<Model>> model) {
  EXPECT_TRUE(model.ok()) << model.status().ToString();
  return model.ok() ? std::move(*model) : nullptr;
}

std::vector<float> Score(const Reranker& reranker, const std::vector<RerankPair>& pairs) {
  std::vector<float> scores(pairs.size());
  const Status status = reranker.Score({}, pairs, scores);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return scores;
}

class ReferenceReranker : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(All, ReferenceReranker,
                         ::testing::ValuesIn(Named("rerank",
                                                   {"bert_rerank_raw", "bert_rerank_two"})),
                         [](const auto& info) { return TestName(info.param); });

TEST_P(ReferenceReranker, ScoresAsItsOrigin) {
  const TemporaryFolder folder;
  CopyTaskModel(IOLITE_SOURCE_DIR, GetParam(), folder);
  const auto reranker = Opened(OpenReranker(folder.path(), kF32));
  ASSERT_TRUE(reranker);
  const auto texts = Expected()["pairs"].get<std::vector<std::vector<std::string>>>();
  std::vector<RerankPair> pairs;
  for (const auto& pair : texts) pairs.push_back({.query = pair[0], .document = pair[1]});
  const auto scores = Score(*reranker, pairs);
  const auto expected = Expected()[GetParam()].get<std::vector<float>>();
  EXPECT_THAT(scores, Pointwise(FloatNear(1e-4f), expected));
  for (size_t i = 0; i < pairs.size(); ++i) {
    EXPECT_NEAR(Score(*reranker, {pairs[i]}).front(), scores[i], 1e-5) << "pair " << i << " alone";
  }
}

class ReferenceClassifier : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(All, ReferenceClassifier,
                         ::testing::ValuesIn(Named("classification",
                                                   {"bert_multi_label", "bert_regression",
                                                    "modernbert_mean"})),
                         [](const auto& info) { return TestName(info.param); });

TEST_P(ReferenceClassifier, ScoresAsItsOrigin) {
  const TemporaryFolder folder;
  CopyTaskModel(IOLITE_SOURCE_DIR, GetParam(), folder);
  const auto classifier = Opened(OpenClassifier(folder.path(), kF32));
  ASSERT_TRUE(classifier);
  const auto texts = Texts();
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const auto expected = Expected()[GetParam()].get<std::vector<std::vector<float>>>();
  const size_t width = classifier->info().labels.size();
  ASSERT_EQ(width, expected.front().size());
  std::vector<float> scores(texts.size() * width), alone(width);
  ASSERT_TRUE(classifier->Classify({}, views, scores).ok());
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::vector<float> row(scores.begin() + static_cast<std::ptrdiff_t>(i * width),
                                 scores.begin() + static_cast<std::ptrdiff_t>((i + 1) * width));
    EXPECT_THAT(row, Pointwise(FloatNear(1e-4f), expected[i])) << texts[i];
    ASSERT_TRUE(classifier->Classify({}, {&views[i], 1}, alone).ok());
    EXPECT_THAT(alone, Pointwise(FloatNear(1e-5f), row)) << texts[i] << " alone";
  }
}

class ReferenceEntities : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(All, ReferenceEntities, ::testing::ValuesIn(Named("entities", {})),
                         [](const auto& info) { return TestName(info.param); });

TEST_P(ReferenceEntities, AreThoseOfItsOrigin) {
  const TemporaryFolder folder;
  CopyTaskModel(IOLITE_SOURCE_DIR, GetParam(), folder);
  const auto finder = Opened(OpenTokenClassifier(folder.path(), kF32));
  ASSERT_TRUE(finder);
  const auto texts = Texts();
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  for (const char* strategy : {"first", "average", "max"}) {
    const auto found = finder->Find({}, views, ParseWordStrategy(strategy).value());
    ASSERT_TRUE(found.ok()) << found.status().ToString();
    for (size_t i = 0; i < texts.size(); ++i) {
      const nlohmann::json& expected = Expected()[GetParam()][strategy][i];
      ASSERT_EQ((*found)[i].size(), expected.size()) << strategy << ": " << texts[i];
      for (size_t k = 0; k < expected.size(); ++k) {
        const Entity& entity = (*found)[i][k];
        EXPECT_EQ(entity.label, expected[k]["label"]) << strategy << ": " << texts[i];
        EXPECT_EQ(entity.text, expected[k]["text"]) << strategy << ": " << texts[i];
        EXPECT_EQ(entity.begin, expected[k]["begin"]) << strategy << ": " << texts[i];
        EXPECT_EQ(entity.end, expected[k]["end"]) << strategy << ": " << texts[i];
        EXPECT_NEAR(entity.confidence, expected[k]["confidence"].get<float>(), 1e-4);
      }
    }
  }
}

/// A model of the test's own, whose files it may spoil.
class TaskModel : public ::testing::Test {
 protected:
  void Use(const std::string& name) { CopyTaskModel(IOLITE_SOURCE_DIR, name, folder_); }

  void Replace(const std::string& name, const std::string& old_text, const std::string& new_text) {
    std::stringstream bytes;
    bytes << std::ifstream(folder_.File(name), std::ios::binary).rdbuf();
    std::string text = bytes.str();
    const size_t place = text.find(old_text);
    ASSERT_NE(place, std::string::npos) << old_text;
    folder_.Write(name, text.replace(place, old_text.size(), new_text));
  }

  template <typename Model>
  static void ExpectRefused(const Result<std::unique_ptr<Model>>& model, StatusCode code,
                            const std::vector<std::string>& parts) {
    ASSERT_FALSE(model.ok());
    EXPECT_EQ(model.status().code(), code) << model.status().ToString();
    for (const std::string& part : parts) {
      EXPECT_THAT(model.status().ToString(), HasSubstr(part));
    }
  }

  TemporaryFolder folder_;
};

TEST_F(TaskModel, InfoSaysWhatTheFilesSay) {
  Use("bert_multi_label");
  const auto classifier = Opened(OpenClassifier(folder_.path(), kF32));
  ASSERT_TRUE(classifier);
  const TaskInfo& info = classifier->info();
  EXPECT_EQ(info.architecture, "bert");
  EXPECT_EQ(info.precision, "f32");
  EXPECT_EQ(info.task, ModelTask::kClassification);
  EXPECT_TRUE(info.multi_label);
  EXPECT_EQ(info.token_count_max, 40);
  EXPECT_GT(info.parameter_count, 10000);
  EXPECT_THAT(info.labels, ElementsAre("1", "2", "3", "4"));
}

TEST_F(TaskModel, AModelIsRefusedForATaskItDoesNotHave) {
  Use("bert_rerank");
  ExpectRefused(OpenTokenClassifier(folder_.path(), kF32), StatusCode::kInvalidArgument,
                {"cannot be used for token-classification", "rerank or classification",
                 "BertForSequenceClassification"});
  const auto bare = testing::ReferenceFolder(IOLITE_SOURCE_DIR, "architectures") / "bert";
  ExpectRefused(OpenReranker(bare, kF32), StatusCode::kInvalidArgument,
                {"cannot be used for rerank", "BertModel", "embedding"});
}

TEST_F(TaskModel, EntitiesAreNoClassification) {
  Use("bert_entities");
  ExpectRefused(OpenClassifier(folder_.path(), kF32), StatusCode::kInvalidArgument,
                {"cannot be used for classification", "token-classification"});
}

TEST_F(TaskModel, ThreeLabelsAreNoRerank) {
  Use("bert_classification");
  ExpectRefused(OpenReranker(folder_.path(), kF32), StatusCode::kInvalidArgument,
                {"3 labels", "rerank takes one or two"});
}

TEST_F(TaskModel, ALabelMapMustFitTheHead) {
  Use("bert_classification");
  Replace("config.json", "\"2\": \"blue\"", "\"2\": \"blue\", \"3\": \"black\"");
  ExpectRefused(OpenClassifier(folder_.path(), kF32), StatusCode::kInvalidArgument,
                {"id2label names 4 labels", "has 3"});
}

TEST_F(TaskModel, LabelsMayBeNumbers) {
  Use("bert_classification");
  Replace("config.json", "\"2\": \"blue\"", "\"2\": 5");
  const auto classifier = Opened(OpenClassifier(folder_.path(), kF32));
  ASSERT_TRUE(classifier);
  EXPECT_THAT(classifier->info().labels, ElementsAre("red", "green", "5"));
}

TEST_F(TaskModel, AMissingSideOfAPairIsNamed) {
  Use("bert_rerank");
  const auto reranker = Opened(OpenReranker(folder_.path(), kF32));
  ASSERT_TRUE(reranker);
  std::vector<float> scores(2);
  const std::vector<RerankPair> pairs = {{.query = "a", .document = "b"}, {.query = "a"}};
  const Status status = reranker->Score({}, pairs, scores);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.ToString(), HasSubstr("Pair 1 has no document"));
  const std::vector<RerankPair> others = {{.document = "b"}, {.query = "a", .document = "b"}};
  EXPECT_THAT(reranker->Score({}, others, scores).ToString(), HasSubstr("Pair 0 has no query"));
}

TEST_F(TaskModel, ATokenizerOfAnotherModelIsRefused) {
  Use("bert_classification");
  Replace("tokenizer.json", "\"hello\": ", "\"hello\": 7");  // an id past the table's rows
  const auto classifier = Opened(OpenClassifier(folder_.path(), kF32));
  ASSERT_TRUE(classifier);
  const std::string_view text = "hello";
  std::vector<float> scores(3);
  const Status status = classifier->Classify({}, {&text, 1}, scores);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.ToString(), HasSubstr("tokenizer and weights do not belong together"));
}

TEST_F(TaskModel, AnUnsupportedArchitectureNamesThoseThereAre) {
  Use("bert_classification");
  Replace("config.json", "\"model_type\": \"bert\"", "\"model_type\": \"mamba\"");
  ExpectRefused(OpenClassifier(folder_.path(), kF32), StatusCode::kUnimplemented,
                {"`mamba`", "bert, distilbert, roberta", "qwen3"});
}

TEST_F(TaskModel, ACancelledCallEnds) {
  Use("bert_classification");
  const auto classifier = Opened(OpenClassifier(folder_.path(), kF32));
  ASSERT_TRUE(classifier);
  RequestContext context;
  context.cancel.Cancel();
  const std::string_view text = "hello";
  std::vector<float> scores(3);
  EXPECT_EQ(classifier->Classify(context, {&text, 1}, scores).code(), StatusCode::kCancelled);
}

TEST_F(TaskModel, EntitiesOfBrokenTextAreThoseOfTheRepairedOne) {
  Use("bert_entities");
  const auto finder = Opened(OpenTokenClassifier(folder_.path(), kF32));
  ASSERT_TRUE(finder);
  const std::vector<std::string_view> texts = {"fly \xff that \xe4\xbd world",
                                               "fly \xef\xbf\xbd that \xef\xbf\xbd world"};
  const auto found = finder->Find({}, texts, WordStrategy::kFirst);
  ASSERT_TRUE(found.ok()) << found.status().ToString();
  ASSERT_FALSE(found->front().empty());
  ASSERT_EQ((*found)[0].size(), (*found)[1].size());
  for (size_t i = 0; i < found->front().size(); ++i) {
    EXPECT_EQ((*found)[0][i].text, (*found)[1][i].text);
    EXPECT_EQ((*found)[0][i].begin, (*found)[1][i].begin);
    EXPECT_EQ((*found)[0][i].end, (*found)[1][i].end);
  }
}

TEST(SharedTaskModels, Run) {
  const std::filesystem::path shared =
      std::filesystem::path(IOLITE_SOURCE_DIR) / ".." / "shared" / "data" / "models";
  if (!std::filesystem::exists(shared)) GTEST_SKIP() << shared << " is not here";
  const auto classifier = Opened(OpenClassifier(shared / "tiny-modernbert-classifier", kF32));
  ASSERT_TRUE(classifier);
  EXPECT_THAT(classifier->info().labels, ElementsAre("physics", "biology"));
  const std::vector<std::string_view> texts = {"hello world", ""};
  std::vector<float> scores(4);
  ASSERT_TRUE(classifier->Classify({}, texts, scores).ok());
  EXPECT_NEAR(scores[0] + scores[1], 1.0f, 1e-5);
  const auto finder = Opened(OpenTokenClassifier(shared / "tiny-modernbert-ner", kF32));
  ASSERT_TRUE(finder);
  const auto found = finder->Find({}, texts, WordStrategy::kAverage);
  ASSERT_TRUE(found.ok()) << found.status().ToString();
  EXPECT_EQ(found->size(), 2u);
}

}  // namespace
}  // namespace iolite::models
