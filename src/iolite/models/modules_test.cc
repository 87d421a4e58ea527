#include "iolite/models/modules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "iolite/models/testing/temporary_folder.h"

namespace iolite::models {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

class ModulesTest : public ::testing::Test {
 protected:
  SentenceModel Read() {
    auto model = ReadSentenceModel(folder_.path());
    EXPECT_TRUE(model.ok()) << model.status().ToString();
    return std::move(model).value();
  }
  Status ReadStatus() { return ReadSentenceModel(folder_.path()).status(); }

  /// modules.json of a Transformer and then these, each in a folder named like it.
  void WriteModules(const std::vector<std::string>& kinds) {
    std::string entries = R"({"path":"","type":"sentence_transformers.models.Transformer"})";
    for (const std::string& kind : kinds) {
      entries +=
          R"(,{"path":")" + kind + R"(","type":"sentence_transformers.models.)" + kind + "\"}";
    }
    folder_.Write("modules.json", "[" + entries + "]");
  }

  void WritePrompts(const std::string& json) {
    folder_.Write("config_sentence_transformers.json", json);
  }

  TemporaryFolder folder_;
};

TEST_F(ModulesTest, WithoutFilesTokensArePooledByTheirMean) {
  const SentenceModel model = Read();
  EXPECT_EQ(model.encoder_folder, folder_.path());
  EXPECT_THAT(model.pooling().modes, ElementsAre(PoolingMode::kMean));
  EXPECT_TRUE(model.pooling().include_prompt);
  EXPECT_FALSE(model.normalized());
  EXPECT_EQ(model.token_count_max, 0);
  EXPECT_EQ(model.query_prompt, "");
  EXPECT_EQ(model.metric, "cosine");
}

TEST_F(ModulesTest, ReadsOldPoolingFlagsInTheirOrder) {
  WriteModules({"Pooling", "Normalize"});
  folder_.Write("Pooling/config.json",
                R"({"pooling_mode_weightedmean_tokens":true,"pooling_mode_cls_token":true,
                    "pooling_mode_mean_tokens":true,"pooling_mode_max_tokens":false})");
  const SentenceModel model = Read();
  EXPECT_THAT(model.pooling().modes,
              ElementsAre(PoolingMode::kCls, PoolingMode::kMean, PoolingMode::kWeightedMean));
  EXPECT_TRUE(model.normalized());
}

TEST_F(ModulesTest, ReadsNewPoolingNamesInTheOrderGiven) {
  WriteModules({"Pooling"});
  folder_.Write("Pooling/config.json",
                R"({"pooling_mode":["lasttoken","cls"],"include_prompt":false})");
  EXPECT_THAT(Read().pooling().modes, ElementsAre(PoolingMode::kLastToken, PoolingMode::kCls));
  EXPECT_FALSE(Read().pooling().include_prompt);
  folder_.Write("Pooling/config.json", R"({"pooling_mode":"max"})");
  EXPECT_THAT(Read().pooling().modes, ElementsAre(PoolingMode::kMax));
}

TEST_F(ModulesTest, NamesWhatIsNotSupported) {
  WriteModules({"Pooling"});
  folder_.Write("Pooling/config.json", R"({"pooling_mode":"median"})");
  EXPECT_EQ(ReadStatus().code(), StatusCode::kUnimplemented);
  EXPECT_THAT(ReadStatus().message(), HasSubstr("`median`"));
  folder_.Write("Pooling/config.json", "{}");
  WriteModules({"Pooling", "LSTM"});
  EXPECT_EQ(ReadStatus().code(), StatusCode::kUnimplemented);
  EXPECT_THAT(ReadStatus().message(), HasSubstr("`LSTM` is not supported; these are"));
  WriteModules({"Pooling", "Dense"});
  folder_.Write("Dense/config.json",
                R"({"in_features":2,"out_features":2,"activation_function":"torch.nn.Softsign"})");
  EXPECT_THAT(ReadStatus().message(), HasSubstr("torch.nn.Softsign"));
  folder_.Write("Dense/config.json",
                R"({"in_features":2,"out_features":2,"module_input_name":"token_embeddings"})");
  EXPECT_THAT(ReadStatus().message(), HasSubstr("token_embeddings"));
}

TEST_F(ModulesTest, PoolingComesFirstAndOnce) {
  folder_.Write("Pooling/config.json", "{}");
  WriteModules({});
  EXPECT_EQ(ReadStatus().code(), StatusCode::kUnimplemented);
  WriteModules({"Normalize", "Pooling"});
  EXPECT_EQ(ReadStatus().code(), StatusCode::kUnimplemented);
  WriteModules({"Pooling", "Pooling"});
  EXPECT_EQ(ReadStatus().code(), StatusCode::kUnimplemented);
}

TEST_F(ModulesTest, RefusesBrokenFilesByName) {
  folder_.Write("modules.json", "{}");
  EXPECT_EQ(ReadStatus().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(ReadStatus().message(), HasSubstr("modules.json"));
  folder_.Write("modules.json", R"([{"path":"../x","type":"Transformer"}])");
  EXPECT_THAT(ReadStatus().message(), HasSubstr("outside"));
  WriteModules({"Pooling"});
  EXPECT_EQ(ReadStatus().code(), StatusCode::kNotFound);
  folder_.Write("Pooling/config.json", R"({"include_prompt":"yes"})");
  EXPECT_THAT(ReadStatus().message(), HasSubstr("`include_prompt` must be true or false"));
}

TEST_F(ModulesTest, ReadsLengths) {
  folder_.Write("tokenizer_config.json", R"({"model_max_length":128})");
  EXPECT_EQ(Read().token_count_max, 128);
  folder_.Write("tokenizer_config.json", R"({"model_max_length":1000000000000000019884624838656})");
  EXPECT_EQ(Read().token_count_max, 0);
  folder_.Write("sentence_roberta_config.json", R"({"max_seq_length":64,"do_lower_case":true})");
  EXPECT_EQ(Read().token_count_max, 64);
  EXPECT_TRUE(Read().lower_case);
  folder_.Write("sentence_bert_config.json", R"({"max_seq_length":32})");
  EXPECT_EQ(Read().token_count_max, 32);
  folder_.Write("sentence_bert_config.json", R"({"max_seq_length":0})");
  EXPECT_EQ(ReadStatus().code(), StatusCode::kInvalidArgument);
}

TEST_F(ModulesTest, ChoosesPromptsByRole) {
  WritePrompts(R"({"prompts":{"query":"q: ","passage":"p: "},"similarity_fn_name":"dot"})");
  EXPECT_EQ(Read().query_prompt, "q: ");
  EXPECT_EQ(Read().document_prompt, "p: ");
  EXPECT_EQ(Read().metric, "dot");
  WritePrompts(R"({"prompts":{"query":"q: ","document":"d: ","passage":"p: "}})");
  EXPECT_EQ(Read().document_prompt, "d: ");
  WritePrompts(R"({"prompts":{"query":"q: ","document":"","passage":"p: "}})");
  EXPECT_EQ(Read().document_prompt, "p: ");
}

TEST_F(ModulesTest, TheDefaultPromptServesRolesWithoutOne) {
  WritePrompts(R"({"prompts":{"query":"q: ","all":"a: "},"default_prompt_name":"all"})");
  EXPECT_EQ(Read().query_prompt, "q: ");
  EXPECT_EQ(Read().document_prompt, "a: ");
  WritePrompts(R"({"prompts":{"document":"","all":"a: "},"default_prompt_name":"all"})");
  EXPECT_EQ(Read().document_prompt, "");
  WritePrompts(R"({"prompts":{},"default_prompt_name":"all"})");
  EXPECT_THAT(ReadStatus().message(), HasSubstr("`all`"));
}

}  // namespace
}  // namespace iolite::models
