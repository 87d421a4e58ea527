#include "iolite/models/internal/pull.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "iolite/models/internal/hub.h"
#include "iolite/models/internal/model_files.h"

namespace iolite::models {
namespace {

/// Writes a small file whole: draft, sync, rename, sync of the folder.
Status WriteWhole(storage::Disk& disk, const std::string& path, std::string_view bytes) {
  const std::string draft = path + ".draft";
  IOLITE_ASSIGN_OR_RETURN(auto file, disk.Open(draft, storage::OpenMode::kReadWrite));
  IOLITE_RETURN_IF_ERROR(file->Truncate(0));
  IOLITE_RETURN_IF_ERROR(file->WriteAt(0, bytes));
  IOLITE_RETURN_IF_ERROR(file->Sync());
  file.reset();
  IOLITE_RETURN_IF_ERROR(disk.Rename(draft, path));
  return disk.SyncFolder(storage::ParentFolder(path));
}

/// One pull on its way.
class Puller {
 public:
  Puller(const RequestContext& context, const PullOrder& order,
         const std::function<void(const PullProgress&)>& progress)
      : context_(context),
        order_(order),
        progress_(progress),
        disk_(*order.disk),
        hub_(*order.http, order.hub_url, order.hub_token, *order.clock) {}

  Result<SnapshotManifest> Run() {
    IOLITE_ASSIGN_OR_RETURN(listing_, hub_.List(context_, order_.id, order_.revision));
    folder_ = SnapshotFolder(order_.root, order_.id, listing_.commit);
    // Before anything is written: do the names stay inside, and is there anything to load?
    IOLITE_RETURN_IF_ERROR(Select(WeightsChoice::kSafetensorsFirst));
    IOLITE_RETURN_IF_ERROR(storage::MakeFolders(disk_, folder_));
    IOLITE_ASSIGN_OR_RETURN(const auto lock, Lock());
    // Somebody may have pulled it while this waited for its turn.
    if (auto there = ReadOwnManifest(); there.ok()) {
      IOLITE_RETURN_IF_ERROR(WriteReference());
      return there;
    }
    IOLITE_RETURN_IF_ERROR(ChooseByConfiguration());
    SnapshotManifest manifest{order_.id, listing_.commit, {}};
    for (const HubFile& file : selected_) {
      IOLITE_ASSIGN_OR_RETURN(PulledFile pulled, Fetch(file));
      bytes_done_ += pulled.size_bytes;
      manifest.files.push_back(std::move(pulled));
    }
    // Last: a snapshot without it is litter that the next pull completes.
    IOLITE_RETURN_IF_ERROR(WriteManifest(manifest));
    IOLITE_RETURN_IF_ERROR(WriteReference());
    return manifest;
  }

 private:
  Status Select(WeightsChoice choice) {
    std::vector<std::string> names;
    for (const HubFile& file : listing_.files) names.push_back(file.name);
    IOLITE_ASSIGN_OR_RETURN(names, SelectModelFiles(names, choice));
    if (std::none_of(names.begin(), names.end(), IsWeightsFile)) {
      return Unimplemented(
          "Model '{}' on {} has no weights that can be loaded: supported are model.safetensors "
          "(one "
          "file or shards) and model.onnx; pickles (.bin, .pt) can run code and are never loaded",
          order_.id, order_.hub_url);
    }
    selected_.clear();
    bytes_total_ = 0;
    for (const HubFile& file : listing_.files) {
      if (!std::binary_search(names.begin(), names.end(), file.name)) continue;
      selected_.push_back(file);
      bytes_total_ += std::max<int64_t>(file.size_bytes, 0);
    }
    return Status();
  }

  /// An architecture that only runs as ONNX shows in config.json, which therefore comes first.
  Status ChooseByConfiguration() {
    const auto config = std::find_if(selected_.begin(), selected_.end(), [](const HubFile& file) {
      return file.name == "config.json";
    });
    reporting_ = config == selected_.end();  // the total is not known before
    if (reporting_) return Status();
    IOLITE_RETURN_IF_ERROR(Fetch(HubFile(*config)).status());
    IOLITE_ASSIGN_OR_RETURN(const auto file,
                            disk_.Open(folder_ + "/config.json", storage::OpenMode::kRead));
    IOLITE_ASSIGN_OR_RETURN(const std::string text, storage::ReadWhole(*file));
    reporting_ = true;
    return Select(ChooseWeights(text));
  }

  /// Other processes that pull the same model wait for their turn.
  Result<std::unique_ptr<storage::DiskFile>> Lock() {
    const std::string path = RepositoryFolder(order_.root, order_.id) + "/.lock";
    IOLITE_ASSIGN_OR_RETURN(auto file, disk_.Open(path, storage::OpenMode::kReadWrite));
    while (true) {
      IOLITE_ASSIGN_OR_RETURN(bool locked, file->TryLock(storage::LockKind::kExclusive));
      if (locked) return file;
      IOLITE_RETURN_IF_ERROR(context_.Check());
      order_.clock->SleepFor(std::chrono::milliseconds(50));
    }
  }

  Result<PulledFile> Fetch(const HubFile& file) {
    const std::string path = folder_ + "/" + file.name;
    IOLITE_RETURN_IF_ERROR(storage::MakeFolders(disk_, storage::ParentFolder(path)));
    Report(file, 0);
    if (auto there = TakeExisting(file, path)) return std::move(*there);
    const DownloadTarget target{&disk_, order_.clock, path};
    IOLITE_ASSIGN_OR_RETURN(PulledFile pulled,
                            Download(context_, *order_.http, hub_.Source(order_.id, listing_, file),
                                     target, [&](int64_t bytes) { Report(file, bytes); }));
    pulled.name = file.name;
    Report(file, pulled.size_bytes);
    return pulled;
  }

  /// A file that an interrupted pull finished. Commits do not change, so equal size is enough where
  /// the hub announces no checksum.
  std::optional<PulledFile> TakeExisting(const HubFile& file, const std::string& path) {
    const auto stat = disk_.Stat(path);
    if (!stat.ok() || (file.size_bytes >= 0 && stat->size_bytes != file.size_bytes)) return {};
    auto there = Describe(context_, disk_, path);
    if (!there.ok() || (!file.sha256.empty() && there->sha256 != file.sha256)) return {};
    there->name = file.name;
    return std::move(*there);
  }

  void Report(const HubFile& file, int64_t bytes) {
    if (progress_ && reporting_) progress_({file.name, bytes_done_ + bytes, bytes_total_});
  }

  Result<SnapshotManifest> ReadOwnManifest() {
    const std::string path = folder_ + "/" + kSnapshotManifestName;
    IOLITE_ASSIGN_OR_RETURN(const auto file, disk_.Open(path, storage::OpenMode::kRead));
    IOLITE_ASSIGN_OR_RETURN(const std::string text, storage::ReadWhole(*file));
    return ParseSnapshotManifest(text, path);
  }

  Status WriteManifest(const SnapshotManifest& manifest) {
    return WriteWhole(disk_, folder_ + "/" + kSnapshotManifestName,
                      SerializeSnapshotManifest(manifest));
  }

  Status WriteReference() {
    if (order_.revision == listing_.commit || !CheckFileName(order_.revision).ok()) return Status();
    const std::string path = RepositoryFolder(order_.root, order_.id) + "/refs/" + order_.revision;
    IOLITE_RETURN_IF_ERROR(storage::MakeFolders(disk_, storage::ParentFolder(path)));
    return WriteWhole(disk_, path, listing_.commit);
  }

  const RequestContext& context_;
  const PullOrder& order_;
  const std::function<void(const PullProgress&)>& progress_;
  storage::Disk& disk_;
  const Hub hub_;
  HubListing listing_;
  std::vector<HubFile> selected_;
  std::string folder_;
  int64_t bytes_done_ = 0;
  int64_t bytes_total_ = 0;
  bool reporting_ = false;
};

}  // namespace

Result<SnapshotManifest> PullSnapshot(const RequestContext& context, const PullOrder& order,
                                      const std::function<void(const PullProgress&)>& progress) {
  return Puller(context, order, progress).Run();
}

}  // namespace iolite::models
