#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "iolite/base/hash.h"
#include "iolite/base/random.h"
#include "iolite/base/testing/fake_clock.h"
#include "iolite/models/internal/pull.h"
#include "iolite/models/model_store.h"
#include "iolite/models/testing/fake_hub.h"
#include "iolite/models/testing/temporary_folder.h"
#include "iolite/storage/testing/simulated_disk.h"

namespace iolite::models {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using testing::FakeHub;
using ::testing::HasSubstr;
using testing::HttpServer;
using ::testing::Not;
using testing::TemporaryFolder;

std::string Slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class ModelPull : public ::testing::Test {
 protected:
  ModelPull() : hub("acme/tiny") {
    for (int i = 0; i < 300'000; ++i) weights.push_back(static_cast<char>(i * 2654435761u >> 24));
    hub.files = {{"config.json", {"{\"model_type\": \"bert\"}"}},
                 {"tokenizer.json", {"{}"}},
                 {"modules.json", {"[]"}},
                 {"1_Pooling/config.json", {"{}"}},
                 {"model.safetensors", {weights, true}},
                 {"pytorch_model.bin", {"pickle", true}},
                 {"onnx/model.onnx", {"onnx", true}},
                 {"README.md", {"# Tiny"}}};
    Reopen();
  }

  void Reopen() {
    store = *ModelStore::Open({.folder = folder.File("models"),
                               .hub_cache_folder = folder.File("cache"),
                               .hub_url = hub.url(),
                               .hub_token = token,
                               .offline = offline,
                               .clock = &clock});
  }

  Result<PullResult> Pull(std::string_view revision = "", const RequestContext& context = {}) {
    return store->Pull(context, "acme/tiny", revision, progress);
  }

  bool IsFile(const HttpServer::Request& request, const std::string& name) const {
    return request.target.ends_with(std::string("/") + FakeHub::kCommit + "/" + name);
  }

  TemporaryFolder folder;
  iolite::testing::FakeClock clock;
  std::string weights;
  std::string token;
  bool offline = false;
  std::function<void(const PullProgress&)> progress;
  FakeHub hub;
  std::unique_ptr<ModelStore> store;
};

TEST_F(ModelPull, FetchesWhatIsNeededAndKeepsChecksums) {
  std::vector<PullProgress> seen;
  progress = [&](const PullProgress& now) { seen.push_back(now); };
  auto pulled = Pull();
  ASSERT_TRUE(pulled.ok()) << pulled.status().ToString();
  std::vector<std::string> names;
  for (const PulledFile& file : pulled->files) names.push_back(file.name);
  EXPECT_THAT(names, ElementsAre("1_Pooling/config.json", "config.json", "model.safetensors",
                                 "modules.json", "tokenizer.json"));
  EXPECT_EQ(pulled->files[2].sha256, Sha256Hex(weights));
  EXPECT_EQ(pulled->model.revision, FakeHub::kCommit);
  EXPECT_EQ(pulled->model.origin, "hub");
  EXPECT_EQ(Slurp(pulled->model.folder + "/model.safetensors"), weights);
  EXPECT_FALSE(fs::exists(pulled->model.folder + "/pytorch_model.bin"));
  EXPECT_EQ(hub.count("pytorch_model.bin"), 0);
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen.back().bytes_done, seen.back().bytes_total);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end(), [](const auto& a, const auto& b) {
    return a.bytes_done < b.bytes_done;
  }));

  // What is there is found, by name and by a second pull, without asking the hub.
  const size_t asked = hub.requests().size();
  Reopen();
  auto resolved = store->Resolve("acme/tiny");
  ASSERT_TRUE(resolved.ok()) << resolved.status().ToString();
  EXPECT_EQ(resolved->folder, pulled->model.folder);
  EXPECT_EQ(resolved->revision, FakeHub::kCommit);
  EXPECT_EQ(resolved->content_hash, pulled->model.content_hash);
  auto again = Pull();
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->files.size(), 5u);
  EXPECT_EQ(hub.requests().size(), asked);
  // A copy elsewhere has the same content.
  fs::copy(pulled->model.folder, folder.File("copy"), fs::copy_options::recursive);
  fs::remove(folder.File("copy/iolite.model.json"));
  EXPECT_EQ(store->Resolve("local:" + folder.File("copy"))->content_hash,
            pulled->model.content_hash);
}

TEST_F(ModelPull, PinsANamedRevision) {
  auto pulled = Pull("v1.0/beta");
  ASSERT_TRUE(pulled.ok()) << pulled.status().ToString();
  EXPECT_EQ(hub.count("/revision/v1.0%2Fbeta?blobs=true"), 1);
  const size_t asked = hub.requests().size();
  ASSERT_TRUE(Pull("v1.0/beta").ok());
  ASSERT_TRUE(Pull(FakeHub::kCommit).ok());
  EXPECT_EQ(hub.requests().size(), asked);
  // Nobody said what `main` is.
  EXPECT_EQ(store->Resolve("acme/tiny").status().code(), StatusCode::kNotFound);
}

TEST_F(ModelPull, ContinuesAfterABrokenConnection) {
  int drops = 2;
  hub.interfere = [&](const HttpServer::Request& request) -> std::optional<HttpServer::Reply> {
    if (!IsFile(request, "model.safetensors") || drops-- <= 0) return {};
    HttpServer::Reply reply = hub.Usual(request);
    reply.drop_after_bytes = 100'000;
    return reply;
  };
  auto pulled = Pull();
  ASSERT_TRUE(pulled.ok()) << pulled.status().ToString();
  EXPECT_EQ(Slurp(pulled->model.folder + "/model.safetensors"), weights);
  std::vector<std::string> ranges;
  for (const auto& request : hub.requests()) {
    if (!IsFile(request, "model.safetensors")) continue;
    ranges.push_back(request.headers.contains("range") ? request.headers.at("range") : "");
    if (ranges.back().empty()) continue;
    EXPECT_EQ(request.headers.at("if-range"), "\"" + Sha256Hex(weights).substr(0, 16) + "\"");
  }
  EXPECT_THAT(ranges, ElementsAre("", "bytes=100000-", "bytes=200000-"));
}

TEST_F(ModelPull, StartsAgainWhenTheFileChangedMeanwhile) {
  bool first = true;
  hub.interfere = [&](const HttpServer::Request& request) -> std::optional<HttpServer::Reply> {
    if (!IsFile(request, "config.json") || !first) return {};
    first = false;
    return HttpServer::Reply{
        .headers = {{"ETag", "\"old\""}}, .body = std::string(22, 'x'), .drop_after_bytes = 9};
  };
  auto pulled = Pull();
  ASSERT_TRUE(pulled.ok()) << pulled.status().ToString();
  EXPECT_EQ(Slurp(pulled->model.folder + "/config.json"), hub.files["config.json"].bytes);
}

TEST_F(ModelPull, WaitsAsABusyHubAsks) {
  int busy = 2;
  hub.interfere = [&](const HttpServer::Request& request) -> std::optional<HttpServer::Reply> {
    if (!request.target.starts_with("/api/") || busy-- <= 0) return {};
    return HttpServer::Reply{.status = busy ? 503 : 429, .headers = {{"Retry-After", "30"}}};
  };
  const int64_t start = clock.monotonic_ns();
  ASSERT_TRUE(Pull().ok());
  EXPECT_GE(clock.monotonic_ns() - start, 60'000'000'000);
}

TEST_F(ModelPull, GivesUpOnAHubThatStaysBusy) {
  hub.interfere = [](const auto&) { return HttpServer::Reply{.status = 500}; };
  Status status = Pull().status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("tried 5 times"));
  EXPECT_EQ(hub.requests().size(), 5u);
  hub.interfere = [](const auto&) {
    return HttpServer::Reply{.status = 429, .headers = {{"Retry-After", "3600"}}};
  };
  EXPECT_THAT(Pull().status().message(), HasSubstr("asks to wait 3600 seconds"));
}

TEST_F(ModelPull, KeepsNothingOfAFileWithAnotherChecksum) {
  hub.files["model.safetensors"].announced = Sha256Hex("something else");
  const Status status = Pull().status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("model.safetensors"));
  EXPECT_EQ(hub.count("model.safetensors"), 2);
  EXPECT_EQ(store->Resolve("acme/tiny").status().code(), StatusCode::kNotFound);
  hub.files["model.safetensors"].announced.clear();
  EXPECT_TRUE(Pull().ok());
}

TEST_F(ModelPull, DoesNotTrustADamagedPart) {
  const std::string part = "models/models--acme--tiny/snapshots/" + std::string(FakeHub::kCommit) +
                           "/model.safetensors.part";
  folder.Write(part, std::string(1000, '?'));
  auto pulled = Pull();
  ASSERT_TRUE(pulled.ok()) << pulled.status().ToString();
  EXPECT_EQ(Slurp(pulled->model.folder + "/model.safetensors"), weights);
}

TEST_F(ModelPull, VerifiesTheChecksumThatComesWithARedirect) {
  HttpServer store_of_blobs([&](const HttpServer::Request& request) {
    return HttpServer::Serve(request, weights, "\"blob\"");
  });
  hub.files["model.safetensors"].large = false;  // the listing tells nothing
  std::string linked = Sha256Hex(weights);
  hub.interfere = [&](const HttpServer::Request& request) -> std::optional<HttpServer::Reply> {
    if (!IsFile(request, "model.safetensors")) return {};
    return HttpServer::Reply{.status = 302,
                             .headers = {{"Location", store_of_blobs.url() + "/blob"},
                                         {"X-Linked-Etag", "\"" + linked + "\""}}};
  };
  token = "hf_secret";
  Reopen();
  ASSERT_TRUE(Pull().ok());
  for (const auto& request : hub.requests())
    EXPECT_EQ(request.headers.at("authorization"), "Bearer hf_secret");
  ASSERT_EQ(store_of_blobs.requests().size(), 1u);
  EXPECT_FALSE(store_of_blobs.requests()[0].headers.contains("authorization"));

  fs::remove_all(folder.File("models"));
  linked = Sha256Hex("another");
  EXPECT_EQ(Pull().status().code(), StatusCode::kDataLoss);
}

TEST_F(ModelPull, SaysWhatTheHubRefused) {
  Status status = store->Pull({}, "acme/other", "", {}).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("'acme/other'"));
  hub.interfere = [](const auto&) { return HttpServer::Reply{.status = 401}; };
  status = Pull().status();
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(status.message(), HasSubstr("HF_TOKEN"));
  hub.interfere = [](const auto&) { return HttpServer::Reply{.body = "<html>"}; };
  EXPECT_EQ(Pull().status().code(), StatusCode::kUnavailable);
}

TEST_F(ModelPull, ContinuesAfterBeingCancelled) {
  RequestContext context;
  progress = [&](const PullProgress& now) {
    if (now.file == "model.safetensors" && now.bytes_done > 50'000) context.cancel.Cancel();
  };
  EXPECT_EQ(Pull("", context).status().code(), StatusCode::kCancelled);
  EXPECT_EQ(store->Resolve("acme/tiny").status().code(), StatusCode::kNotFound);
  progress = nullptr;
  Reopen();
  auto pulled = Pull();
  ASSERT_TRUE(pulled.ok()) << pulled.status().ToString();
  EXPECT_EQ(Slurp(pulled->model.folder + "/model.safetensors"), weights);
  EXPECT_TRUE(hub.requests().back().target.ends_with("tokenizer.json"));
  // Those that were finished were not fetched twice, and the unfinished one was continued.
  EXPECT_EQ(hub.count("1_Pooling/config.json"), 1);
  bool continued = false;
  for (const auto& request : hub.requests()) continued |= request.headers.contains("range");
  EXPECT_TRUE(continued);
}

TEST_F(ModelPull, RefusesNamesThatLeadOut) {
  for (const char* name :
       {"../evil.json", "1_Pooling/../../config.json", "/etc/config.json", "a//b"}) {
    hub.files[name] = {"x"};
    const Status status = Pull().status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << name;
    EXPECT_THAT(status.message(), HasSubstr(name));
    hub.files.erase(name);
  }
  EXPECT_FALSE(fs::exists(folder.File("models/models--acme--tiny")));
}

TEST_F(ModelPull, RefusesIdsThatAreNone) {
  for (const char* id : {"a/b/c", "acme/..", "../x/y z", "acme/ti ny", "", "-x/y", "a--b"}) {
    EXPECT_FALSE(store->Pull({}, id, "", {}).ok()) << id;
  }
  EXPECT_TRUE(hub.requests().empty());
}

TEST_F(ModelPull, NeverLoadsPickles) {
  hub.files.erase("model.safetensors");
  hub.files.erase("onnx/model.onnx");
  const Status status = Pull().status();
  EXPECT_EQ(status.code(), StatusCode::kUnimplemented);
  EXPECT_THAT(status.message(), HasSubstr("pickles"));
}

TEST_F(ModelPull, TakesShardsOrOnnxWhereThereIsNoSingleFile) {
  hub.files.erase("model.safetensors");
  auto pulled = Pull();
  ASSERT_TRUE(pulled.ok());
  EXPECT_TRUE(fs::exists(pulled->model.folder + "/onnx/model.onnx"));
  fs::remove_all(folder.File("models"));
  hub.files["model.safetensors.index.json"] = {"{}"};
  hub.files["model-00001-of-00002.safetensors"] = {"1", true};
  hub.files["model-00002-of-00002.safetensors"] = {"2", true};
  pulled = Pull();
  ASSERT_TRUE(pulled.ok());
  EXPECT_TRUE(fs::exists(pulled->model.folder + "/model-00002-of-00002.safetensors"));
  EXPECT_FALSE(fs::exists(pulled->model.folder + "/onnx/model.onnx"));
}

TEST_F(ModelPull, TakesOnnxOfAnArchitectureThatOnlyRunsSo) {
  hub.files["config.json"] = {R"({"model_type": "mamba"})"};
  auto pulled = Pull();
  ASSERT_TRUE(pulled.ok()) << pulled.status().ToString();
  EXPECT_TRUE(fs::exists(pulled->model.folder + "/onnx/model.onnx"));
  EXPECT_EQ(hub.count("model.safetensors"), 0);
  EXPECT_EQ(hub.count("/config.json"), 2);  // one is 1_Pooling's
}

TEST_F(ModelPull, AsksNobodyWhenOffline) {
  offline = true;
  Reopen();
  const Status status = Pull().status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("models.offline"));
  EXPECT_TRUE(hub.requests().empty());
}

TEST_F(ModelPull, ManyPullersFetchOnce) {
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] { EXPECT_TRUE(Pull().ok()); });
    }
  }
  EXPECT_EQ(hub.count("model.safetensors"), 1);
}

// A crash at any operation, with what was not synced lost or torn: the next pull makes a whole
// snapshot.
TEST_F(ModelPull, SurvivesACrashAtAnyMoment) {
  const uint64_t seed = Random::System().NextBits();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const auto random = Random::Seeded(seed);
  weights.resize(20'000);
  hub.files["model.safetensors"] = {weights, true};
  const auto http = CurlHttpClient();
  for (int64_t stop = 1;; stop += 1 + static_cast<int64_t>(random->NextBelow(4))) {
    storage::testing::SimulatedDisk disk;
    const PullOrder order{.root = "/models",
                          .hub_url = hub.url(),
                          .id = "acme/tiny",
                          .revision = "main",
                          .http = http.get(),
                          .disk = &disk,
                          .clock = &clock};
    disk.StopAtOperation(stop);
    const bool finished = PullSnapshot({}, order, nullptr).ok();
    disk.Crash(*random);
    auto manifest = PullSnapshot({}, order, nullptr);
    ASSERT_TRUE(manifest.ok()) << "stopped at " << stop << ": " << manifest.status().ToString();
    const std::string there = SnapshotFolder("/models", "acme/tiny", manifest->commit);
    for (const PulledFile& file : manifest->files) {
      auto open = disk.Open(there + "/" + file.name, storage::OpenMode::kRead);
      ASSERT_TRUE(open.ok());
      ASSERT_EQ(*storage::ReadWhole(**open), hub.files[file.name].bytes)
          << file.name << " " << stop;
    }
    if (finished) return;
  }
}

TEST_F(ModelPull, SaysThatTheDiskIsFullAndContinuesLater) {
  storage::testing::SimulatedDisk disk;
  const auto http = CurlHttpClient();
  const PullOrder order{.root = "/models",
                        .hub_url = hub.url(),
                        .id = "acme/tiny",
                        .revision = "main",
                        .http = http.get(),
                        .disk = &disk,
                        .clock = &clock};
  disk.SetFreeBytes(100'000);
  const Status status = PullSnapshot({}, order, nullptr).status();
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(status.message(), HasSubstr("model.safetensors"));
  EXPECT_EQ(hub.count("model.safetensors"), 1);  // trying again would not help
  disk.SetFreeBytes(std::nullopt);
  EXPECT_TRUE(PullSnapshot({}, order, nullptr).ok());
}

TEST_F(ModelPull, WritesOnlyItsOwnFolder) {
  ASSERT_TRUE(Pull().ok());
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder.path()))
    names.push_back(entry.path().filename());
  EXPECT_THAT(names, ElementsAre("models"));
}

}  // namespace
}  // namespace iolite::models
