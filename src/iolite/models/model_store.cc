#include "iolite/models/model_store.h"

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "iolite/models/internal/content_hash.h"
#include "iolite/models/internal/hub.h"
#include "iolite/models/internal/load_folder.h"
#include "iolite/models/internal/model_cache.h"
#include "iolite/models/internal/model_files.h"
#include "iolite/models/internal/pull.h"
#include "iolite/models/internal/snapshots.h"

namespace iolite::models {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLocalPrefix = "local:";
constexpr const char* kMainRevision = "main";

/// The path that `id` is, when it is written as one.
std::optional<std::string> PathOf(std::string_view id) {
  if (id.starts_with(kLocalPrefix)) return std::string(id.substr(kLocalPrefix.size()));
  if (id.starts_with("~/")) {
    const char* home = std::getenv("HOME");
    return (home ? home : "") + std::string(id.substr(1));
  }
  const bool path = id.starts_with("/") || id.starts_with("./") || id.starts_with("../") ||
                    id == "." || id == "..";
  return path ? std::optional<std::string>(id) : std::nullopt;
}

class Store final : public ModelStore {
 public:
  explicit Store(ModelStoreOptions options)
      : options_(std::move(options)),
        cache_folder_(HubCacheFolder(options_.hub_cache_folder)),
        loaded_(options_.idle_bytes_max) {}

  Result<ResolvedModel> Resolve(std::string_view id) override {
    IOLITE_ASSIGN_OR_RETURN(ResolvedModel model, Find(id));
    return Hashed(std::move(model));
  }

  Result<PullResult> Pull(const RequestContext& context, std::string_view id,
                          std::string_view revision,
                          const std::function<void(const PullProgress&)>& progress) override {
    if (auto there = FindPulled(id, revision); there.ok() || !IsAbsence(there.status())) {
      if (!there.ok()) return there.status();
      return Described(std::move(*there));
    }
    IOLITE_RETURN_IF_ERROR(CheckMayPull(id));
    PullOrder order{.root = options_.folder,
                    .hub_url = options_.hub_url,
                    .hub_token = options_.hub_token,
                    .id = std::string(id),
                    .revision = revision.empty() ? kMainRevision : std::string(revision),
                    .http = options_.http.get(),
                    .disk = options_.disk,
                    .clock = options_.clock};
    IOLITE_ASSIGN_OR_RETURN(SnapshotManifest manifest, PullSnapshot(context, order, progress));
    ResolvedModel model{.id = order.id,
                        .folder = SnapshotFolder(order.root, order.id, manifest.commit),
                        .origin = "hub",
                        .revision = manifest.commit};
    IOLITE_ASSIGN_OR_RETURN(model, Hashed(std::move(model)));
    return PullResult{std::move(model), std::move(manifest.files)};
  }

  Status Remove(std::string_view id) override { return RemoveSnapshots(options_.folder, id); }

  Result<std::shared_ptr<const Embedder>> LoadEmbedder(
      const RequestContext& context, std::string_view id,
      std::optional<program::Precision> precision) override {
    return Shared<Embedder>(context, id, precision, ModelTask::kEmbedding, LoadEmbedderFolder);
  }

  Result<std::shared_ptr<const Reranker>> LoadReranker(
      const RequestContext& context, std::string_view id,
      std::optional<program::Precision> precision) override {
    return Shared<Reranker>(context, id, precision, ModelTask::kRerank, LoadRerankerFolder);
  }

  Result<std::shared_ptr<const Classifier>> LoadClassifier(
      const RequestContext& context, std::string_view id,
      std::optional<program::Precision> precision) override {
    return Shared<Classifier>(context, id, precision, ModelTask::kClassification,
                              LoadClassifierFolder);
  }

  Result<std::shared_ptr<const TokenClassifier>> LoadTokenClassifier(
      const RequestContext& context, std::string_view id,
      std::optional<program::Precision> precision) override {
    return Shared<TokenClassifier>(context, id, precision, ModelTask::kTokenClassification,
                                   LoadTokenClassifierFolder);
  }

  Result<EmbedderInfo> Inspect(std::string_view id) override {
    IOLITE_ASSIGN_OR_RETURN(LoadOrder order, OrderFor(id, std::nullopt));
    return InspectFolder(order);
  }

 private:
  /// Loads by `load`, or shares what is loaded for this task and precision.
  template <typename Model>
  Result<std::shared_ptr<const Model>> Shared(
      const RequestContext& context, std::string_view id,
      std::optional<program::Precision> precision, ModelTask task,
      Result<std::shared_ptr<const Model>> (*load)(const RequestContext&, const LoadOrder&)) {
    IOLITE_ASSIGN_OR_RETURN(const LoadOrder order, OrderFor(id, precision));
    const std::string key =
        fmt::format("{}\n{}\n{}\n{}", order.model.folder, order.model.content_hash,
                    program::PrecisionName(order.precision), TaskName(task));
    return loaded_.Get<Model>(context, key, [&] { return load(context, order); });
  }

  static bool IsAbsence(const Status& status) { return status.code() == StatusCode::kNotFound; }

  Result<LoadOrder> OrderFor(std::string_view id, std::optional<program::Precision> precision) {
    IOLITE_ASSIGN_OR_RETURN(ResolvedModel model, Resolve(id));
    return LoadOrder{.model = std::move(model),
                     .precision = program::ResolvePrecision(precision.value_or(options_.precision)),
                     .thread_count = options_.thread_count,
                     .batch_token_count_max = options_.batch_token_count_max,
                     .runtime = options_.runtime,
                     .executor = options_.executor};
  }

  /// Where `id` is, without looking into its files.
  Result<ResolvedModel> Find(std::string_view id) const {
    if (id.empty()) return InvalidArgument("A model id is wanted, and this one is empty");
    if (options_.find_in_catalog) {
      if (auto entry = options_.find_in_catalog(id)) return FromCatalog(std::move(*entry));
    }
    if (const auto path = PathOf(id)) return FromPath(*path);
    if (auto snapshot = FromSnapshots(id, kMainRevision)) return std::move(*snapshot);
    std::error_code ignored;
    if (fs::is_directory(fs::path(id), ignored)) return FromPath(std::string(id));
    IOLITE_RETURN_IF_ERROR(CheckHubId(id));
    return NotFound(
        "There is no model '{}' in the catalog, in {} or in {}. To fetch it from {}: iolite models "
        "pull {}",
        id, options_.folder, cache_folder_, options_.hub_url, id);
  }

  static Result<ResolvedModel> FromCatalog(ResolvedModel model) {
    std::error_code ignored;
    if (!fs::is_directory(model.folder, ignored)) {
      return NotFound("Model '{}' was in {}, which is gone: put it back, or pull the model again",
                      model.id, model.folder);
    }
    if (model.origin.empty()) model.origin = "catalog";
    return model;
  }

  static Result<ResolvedModel> FromPath(const std::string& path) {
    std::error_code error;
    const fs::path folder = fs::weakly_canonical(fs::absolute(path, error), error);
    if (error || !fs::is_directory(folder, error)) {
      return NotFound("There is no folder {}: a model's folder was wanted", path);
    }
    return ResolvedModel{
        .id = std::string(kLocalPrefix) + folder.string(), .folder = folder, .origin = "local"};
  }

  std::optional<ResolvedModel> FromSnapshots(std::string_view id, std::string_view revision) const {
    for (const auto& [root, origin] :
         {std::pair(&options_.folder, "hub"), std::pair(&cache_folder_, "cache")}) {
      if (auto found = FindSnapshot(*root, id, revision)) {
        return ResolvedModel{.id = std::string(id),
                             .folder = std::move(found->folder),
                             .origin = origin,
                             .revision = std::move(found->commit)};
      }
    }
    return std::nullopt;
  }

  /// What a pull need not fetch.
  Result<ResolvedModel> FindPulled(std::string_view id, std::string_view revision) const {
    // A folder that the catalog names and that is gone counts as absent: pulling brings it back.
    if (revision.empty()) return Find(id);
    if (auto snapshot = FromSnapshots(id, revision)) return std::move(*snapshot);
    return NotFound("Model '{}' is not here at revision '{}'", id, revision);
  }

  Status CheckMayPull(std::string_view id) const {
    if (PathOf(id)) return Find(id).status();
    IOLITE_RETURN_IF_ERROR(CheckHubId(id));
    if (!options_.offline) return Status();
    return FailedPrecondition(
        "Model '{}' is not on this machine, and models.offline forbids to ask {} for it", id,
        options_.hub_url);
  }

  Result<ResolvedModel> Hashed(ResolvedModel model) {
    if (model.content_hash.empty()) {
      IOLITE_ASSIGN_OR_RETURN(model.content_hash, hasher_.HashFolder(model.folder));
    }
    return model;
  }

  /// A model that is already here, with its files as a pull would list them.
  Result<PullResult> Described(ResolvedModel model) {
    IOLITE_ASSIGN_OR_RETURN(model, Hashed(std::move(model)));
    if (auto manifest = ReadSnapshotManifest(model.folder); manifest.ok()) {
      return PullResult{std::move(model), std::move(manifest->files)};
    }
    PullResult result{std::move(model), {}};
    IOLITE_ASSIGN_OR_RETURN(std::vector<std::string> names, SelectFolderFiles(result.model.folder));
    for (std::string& name : names) {
      const std::string path = result.model.folder + "/" + name;
      IOLITE_ASSIGN_OR_RETURN(const storage::DiskStat stat, storage::Disk::System().Stat(path));
      IOLITE_ASSIGN_OR_RETURN(std::string sha256, hasher_.HashFile(path));
      result.files.push_back({std::move(name), stat.size_bytes, std::move(sha256)});
    }
    return result;
  }

  const ModelStoreOptions options_;
  const std::string cache_folder_;
  ContentHasher hasher_;
  ModelCache loaded_;
};

}  // namespace

Result<std::shared_ptr<const Reranker>> ModelStore::LoadReranker(
    const RequestContext&, std::string_view id, std::optional<program::Precision>) {
  return Unimplemented("This store has no model '{}' for rerank", id);
}

Result<std::shared_ptr<const Classifier>> ModelStore::LoadClassifier(
    const RequestContext&, std::string_view id, std::optional<program::Precision>) {
  return Unimplemented("This store has no model '{}' for classification", id);
}

Result<std::shared_ptr<const TokenClassifier>> ModelStore::LoadTokenClassifier(
    const RequestContext&, std::string_view id, std::optional<program::Precision>) {
  return Unimplemented("This store has no model '{}' for token-classification", id);
}

Result<std::unique_ptr<ModelStore>> ModelStore::Open(ModelStoreOptions options) {
  if (options.folder.empty()) return InvalidArgument("A model store needs a folder");
  if (!options.http) options.http = CurlHttpClient();
  return std::unique_ptr<ModelStore>(std::make_unique<Store>(std::move(options)));
}

}  // namespace iolite::models
