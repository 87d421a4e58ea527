#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/clock.h"
#include "iolite/base/context.h"
#include "iolite/base/executor.h"
#include "iolite/models/classifier.h"
#include "iolite/models/embedder.h"
#include "iolite/models/http.h"
#include "iolite/models/reranker.h"
#include "iolite/models/token_classifier.h"
#include "iolite/program/runtime.h"
#include "iolite/storage/disk.h"

namespace iolite::models {

/// A model's files on this machine.
struct ResolvedModel {
  std::string id;  ///< a path becomes `local:` and the absolute path
  std::string folder;
  std::string origin;        ///< catalog, local, cache, hub
  std::string revision;      ///< the hub's commit, or empty
  std::string content_hash;  ///< what find_in_catalog leaves empty is computed
};

struct PulledFile {
  std::string name;
  int64_t size_bytes = 0;
  std::string sha256;
};

struct PullResult {
  ResolvedModel model;
  std::vector<PulledFile> files;
};

struct PullProgress {
  std::string file;         ///< on its way now
  int64_t bytes_done = 0;   ///< of all files
  int64_t bytes_total = 0;  ///< of all files whose size the hub tells
};

struct ModelStoreOptions {
  std::string folder;            ///< the database's models/
  std::string hub_cache_folder;  ///< Hugging Face's cache; empty: HF_HUB_CACHE, HF_HOME or ~/.cache
  std::string hub_url = "https://huggingface.co";
  std::string hub_token;  ///< sent to hub_url only
  bool offline = false;   ///< never ask the hub
  program::Precision precision = program::Precision::kAuto;
  int32_t thread_count = 0;
  int32_t batch_token_count_max = 0;  ///< 0: measured default
  /// Looks an id up in the catalog; null when it is not there.
  std::function<std::optional<ResolvedModel>(std::string_view id)> find_in_catalog;
  std::shared_ptr<program::Runtime> runtime;
  Executor* executor = nullptr;
  Clock* clock = &Clock::System();
  storage::Disk* disk = &storage::Disk::System();
  std::shared_ptr<HttpClient> http;  ///< null: libcurl
  /// Models that nobody uses stay loaded up to so many bytes.
  int64_t idle_bytes_max = int64_t{2} << 30;
};

/// Finds, fetches and loads models. A loaded model is shared by all who ask and stays while anyone
/// uses it.
///
/// Threads: any number; those who ask for one model at once wait for one load.
class ModelStore {
 public:
  static Result<std::unique_ptr<ModelStore>> Open(ModelStoreOptions options);
  virtual ~ModelStore() = default;

  /// An id resolves through the catalog, `local:DIR` or a path, what was pulled before, the Hugging
  /// Face cache, and last a folder of that name. Never downloads: kNotFound says where it looked
  /// and how to pull.
  virtual Result<ResolvedModel> Resolve(std::string_view id) = 0;
  /// Resolve, else download from the hub: `revision` (a branch, tag or commit; `main` when empty)
  /// is pinned to a commit, interrupted files resume, checksums are kept. A revision that is named
  /// is looked for among what was pulled and cached, not in the catalog.
  ///
  /// kUnavailable when the hub does not answer after several attempts; kPermissionDenied when it
  /// wants a token; kNotFound when it has no such model; kDataLoss when a checksum does not fit;
  /// kUnimplemented when it has no weights that can be loaded; kFailedPrecondition when the store
  /// is offline.
  virtual Result<PullResult> Pull(const RequestContext& context, std::string_view id,
                                  std::string_view revision,
                                  const std::function<void(const PullProgress&)>& progress) = 0;
  /// Deletes what Pull downloaded for an id; models of other places stay. Those in use go on.
  virtual Status Remove(std::string_view id) = 0;
  /// Loads, or shares what is loaded. `precision` overrides the store's. kUnimplemented names what
  /// the engine cannot run and lists what it can.
  virtual Result<std::shared_ptr<const Embedder>> LoadEmbedder(
      const RequestContext& context, std::string_view id,
      std::optional<program::Precision> precision = std::nullopt) = 0;
  /// The same for models of other tasks. kInvalidArgument when the model has another. A store that
  /// has none, as those of tests may, refuses with kUnimplemented.
  virtual Result<std::shared_ptr<const Reranker>> LoadReranker(
      const RequestContext& context, std::string_view id,
      std::optional<program::Precision> precision = std::nullopt);
  virtual Result<std::shared_ptr<const Classifier>> LoadClassifier(
      const RequestContext& context, std::string_view id,
      std::optional<program::Precision> precision = std::nullopt);
  virtual Result<std::shared_ptr<const TokenClassifier>> LoadTokenClassifier(
      const RequestContext& context, std::string_view id,
      std::optional<program::Precision> precision = std::nullopt);
  /// Reads the configuration only: what `models show` prints. Same errors as LoadEmbedder.
  virtual Result<EmbedderInfo> Inspect(std::string_view id) = 0;
};

}  // namespace iolite::models
