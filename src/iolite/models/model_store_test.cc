#include "iolite/models/model_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <latch>
#include <thread>

#include "iolite/models/internal/model_cache.h"
#include "iolite/models/testing/task_models.h"
#include "iolite/models/testing/temporary_folder.h"

namespace iolite::models {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

const std::string kMiniLm = IOLITE_DEPS_DIR "/models/all-MiniLM-L6-v2";
const std::string kReference = IOLITE_SOURCE_DIR "/tests/reference/static_embeddings";

class ModelStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<ModelStore> Open(ModelStoreOptions options = {}) {
    options.folder = folder.File("models");
    options.hub_cache_folder = folder.File("cache");
    return *ModelStore::Open(std::move(options));
  }

  void CopyModel(const std::string& name, const std::string& to) {
    fs::create_directories(fs::path(folder.File(to)).parent_path());
    fs::copy(kReference + "/" + name, folder.File(to));
  }

  TemporaryFolder folder;
};

TEST_F(ModelStoreTest, ResolvesTheCatalogFirst) {
  CopyModel("plain", "here");
  auto store = Open({.find_in_catalog = [&](std::string_view id) -> std::optional<ResolvedModel> {
    if (id == "known")
      return ResolvedModel{
          .id = "known", .folder = folder.File("here"), .origin = "local", .content_hash = "kept"};
    if (id == "gone") return ResolvedModel{.id = "gone", .folder = folder.File("nowhere")};
    return std::nullopt;
  }});
  auto model = store->Resolve("known");
  ASSERT_TRUE(model.ok()) << model.status().ToString();
  EXPECT_EQ(model->content_hash, "kept");
  EXPECT_EQ(model->folder, folder.File("here"));
  const Status gone = store->Resolve("gone").status();
  EXPECT_EQ(gone.code(), StatusCode::kNotFound);
  EXPECT_THAT(gone.message(), HasSubstr("which is gone"));
}

TEST_F(ModelStoreTest, ResolvesFolders) {
  CopyModel("plain", "here");
  auto store = Open();
  for (const std::string& id :
       {folder.File("here"), "local:" + folder.File("here"), folder.File("here/../here")}) {
    auto model = store->Resolve(id);
    ASSERT_TRUE(model.ok()) << model.status().ToString();
    EXPECT_EQ(model->id, "local:" + folder.File("here"));
    EXPECT_EQ(model->origin, "local");
    EXPECT_EQ(model->content_hash.size(), 64u);
  }
  EXPECT_EQ(store->Resolve("local:" + folder.File("nowhere")).status().code(),
            StatusCode::kNotFound);
}

TEST_F(ModelStoreTest, ReadsHuggingFacesCache) {
  const std::string commit = "89abcdef0123456789abcdef0123456789abcdef";
  const std::string repository = "cache/models--acme--tiny/";
  CopyModel("plain", repository + "snapshots/" + commit);
  folder.Write(repository + "refs/main", commit + "\n");
  auto model = Open()->Resolve("acme/tiny");
  ASSERT_TRUE(model.ok()) << model.status().ToString();
  EXPECT_EQ(model->origin, "cache");
  EXPECT_EQ(model->revision, commit);
  auto pulled = Open()->Pull({}, "acme/tiny", "", {});
  ASSERT_TRUE(pulled.ok()) << pulled.status().ToString();
  EXPECT_EQ(pulled->files.size(), 3u);
  // A snapshot that holds a tokenizer alone is no model.
  fs::remove(folder.File(repository + "snapshots/" + commit + "/model.safetensors"));
  EXPECT_EQ(Open()->Resolve("acme/tiny").status().code(), StatusCode::kNotFound);
}

TEST_F(ModelStoreTest, SaysWhereItLookedAndHowToPull) {
  const Status status = Open()->Resolve("acme/unknown").status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("acme/unknown"));
  EXPECT_THAT(status.message(), HasSubstr(folder.File("models")));
  EXPECT_THAT(status.message(), HasSubstr(folder.File("cache")));
  EXPECT_THAT(status.message(), HasSubstr("iolite models pull acme/unknown"));
  EXPECT_EQ(Open()->Resolve("no model at all").status().code(), StatusCode::kInvalidArgument);
}

TEST_F(ModelStoreTest, ContentHashFollowsWhatDecidesTheVectors) {
  CopyModel("plain", "here");
  auto store = Open();
  const std::string before = store->Resolve(folder.File("here"))->content_hash;
  folder.Write("here/README.md", "words");
  EXPECT_EQ(store->Resolve(folder.File("here"))->content_hash, before);
  folder.Write("here/config.json", R"({"model_type": "model2vec", "normalize": false})");
  EXPECT_NE(store->Resolve(folder.File("here"))->content_hash, before);
}

TEST_F(ModelStoreTest, LoadsOnceForAllAndAgainAfterAChange) {
  CopyModel("plain", "here");
  auto store = Open();
  std::vector<std::shared_ptr<const Embedder>> loaded(8);
  {
    std::vector<std::jthread> threads;
    for (auto& embedder : loaded) {
      threads.emplace_back(
          [&] { embedder = store->LoadEmbedder({}, folder.File("here")).value(); });
    }
  }
  for (const auto& embedder : loaded) EXPECT_EQ(embedder, loaded[0]);
  EXPECT_TRUE(loaded[0]->info().normalized);
  EXPECT_EQ(loaded[0]->info().content_hash, store->Resolve(folder.File("here"))->content_hash);
  EXPECT_EQ(store->Inspect(folder.File("here"))->dimension, 8);
  folder.Write("here/config.json", R"({"model_type": "model2vec", "normalize": false})");
  auto again = store->LoadEmbedder({}, folder.File("here"));
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE((*again)->info().normalized);
}

TEST_F(ModelStoreTest, NamesWhatAFolderLacks) {
  fs::create_directories(folder.File("empty"));
  Status status = Open()->LoadEmbedder({}, folder.File("empty")).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(),
              HasSubstr("lacks config.json, tokenizer.json (or vocab.txt), weights"));
  CopyModel("plain", "partial");
  fs::remove(folder.File("partial/tokenizer.json"));
  status = Open()->Inspect(folder.File("partial")).status();
  EXPECT_THAT(status.message(), ::testing::EndsWith("lacks tokenizer.json (or vocab.txt)"));
}

TEST_F(ModelStoreTest, NamesAnArchitectureItCannotRun) {
  CopyModel("plain", "here");
  folder.Write("here/config.json", R"({"model_type": "mamba", "hidden_size": 8})");
  const Status status = Open()->LoadEmbedder({}, folder.File("here")).status();
  EXPECT_EQ(status.code(), StatusCode::kUnimplemented);
  EXPECT_THAT(status.message(), HasSubstr("mamba"));
  EXPECT_THAT(status.message(), HasSubstr("model2vec"));
}

TEST_F(ModelStoreTest, LoadsATransformerAndItsVectorsAreThePublishedOnes) {
  auto store = Open({.precision = program::Precision::kF32});
  auto embedder = store->LoadEmbedder({}, kMiniLm);
  ASSERT_TRUE(embedder.ok()) << embedder.status().ToString();
  std::vector<float> vector(384);
  const std::string_view text = "hello world";
  ASSERT_TRUE((*embedder)->Embed({}, {&text, 1}, TextRole::kDocument, vector).ok());
  const float published[] = {-0.034478f, 0.03102f, 0.00673f, 0.02611f, -0.039362f};
  for (size_t i = 0; i < 5; ++i) EXPECT_NEAR(vector[i], published[i], 1e-5);
  auto info = store->Inspect(kMiniLm);
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->architecture, "bert");
  EXPECT_EQ(info->token_count_max, 256);
  EXPECT_EQ(info->content_hash, (*embedder)->info().content_hash);
}

/// Of a size that a test chooses.
class EmptyEmbedder final : public Embedder {
 public:
  explicit EmptyEmbedder(int64_t parameter_count) { info_.parameter_count = parameter_count; }
  const EmbedderInfo& info() const override { return info_; }
  Result<std::unique_ptr<TokenizedTexts>> Tokenize(const RequestContext&,
                                                   std::span<const std::string_view>,
                                                   TextRole) const override {
    return Unimplemented("nothing");
  }
  Status Run(const RequestContext&, const TokenizedTexts&, std::span<float>) const override {
    return Status();
  }

 private:
  EmbedderInfo info_;
};

using Embedding = std::shared_ptr<const Embedder>;

Embedding Make(int64_t parameter_count) { return std::make_shared<EmptyEmbedder>(parameter_count); }

TEST(ModelCache, LetsTheOldestIdleOneGo) {
  ModelCache cache(100);
  std::map<std::string, int> loads;
  const auto get = [&](const std::string& key) {
    return *cache.Get<Embedder>({}, key, [&]() -> Result<Embedding> {
      ++loads[key];
      return Make(10);
    });
  };
  const auto held = get("held");
  get("a");
  get("b");  // 120 bytes: `a` goes, `held` is in use
  get("b");
  get("held");
  EXPECT_EQ(loads["held"], 1);
  EXPECT_EQ(loads["b"], 1);
  get("a");
  EXPECT_EQ(loads["a"], 2);
}

TEST(ModelCache, ForgetsAFailedLoad) {
  ModelCache cache(100);
  EXPECT_FALSE(
      cache.Get<Embedder>({}, "x", []() -> Result<Embedding> { return DataLoss("damaged"); }).ok());
  EXPECT_TRUE(cache.Get<Embedder>({}, "x", []() -> Result<Embedding> { return Make(1); }).ok());
}

TEST(ModelCache, AWaiterOutlivesACancelledLoad) {
  ModelCache cache(100);
  std::latch loading(1);
  RequestContext first;
  std::jthread loader([&] {
    const auto result = cache.Get<Embedder>(first, "x", [&]() -> Result<Embedding> {
      loading.count_down();
      while (!first.cancel.cancelled()) std::this_thread::yield();
      return first.Check();
    });
    EXPECT_EQ(result.status().code(), StatusCode::kCancelled);
  });
  loading.wait();
  RequestContext impatient;
  impatient.SetTimeout(std::chrono::milliseconds(1));
  const auto never = []() -> Result<Embedding> { return Internal("loaded twice"); };
  EXPECT_EQ(cache.Get<Embedder>(impatient, "x", never).status().code(),
            StatusCode::kDeadlineExceeded);
  std::jthread waiter([&] {
    EXPECT_TRUE(cache.Get<Embedder>({}, "x", []() -> Result<Embedding> { return Make(1); }).ok());
  });
  first.cancel.Cancel();
}

TEST(ModelStoreTasks, OneLoadServesAllAndATaskIsChecked) {
  const testing::TemporaryFolder models, rerank;
  testing::CopyTaskModel(IOLITE_SOURCE_DIR, "bert_rerank", rerank);
  auto store = ModelStore::Open({.folder = models.path(), .offline = true});
  ASSERT_TRUE(store.ok()) << store.status().ToString();
  const std::string id = "local:" + rerank.path();
  const auto first = (*store)->LoadReranker({}, id);
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  EXPECT_EQ(first->get(), (*store)->LoadReranker({}, id)->get());
  EXPECT_EQ((*first)->info().model_id, id);
  EXPECT_FALSE((*first)->info().content_hash.empty());
  EXPECT_EQ((*store)->LoadTokenClassifier({}, id).status().code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE((*store)->LoadClassifier({}, id).ok());  // a score is a label's, too
}

}  // namespace
}  // namespace iolite::models
