#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/models/model_store.h"

/// Models on this machine, laid out as Hugging Face's cache is, so that one reader serves both:
///
///     models--<owner>--<name>/refs/<branch or tag>          the commit it was at
///     models--<owner>--<name>/snapshots/<commit>/<file>     the files
///     models--<owner>--<name>/snapshots/<commit>/iolite.model.json   ours only: names, sizes and
///                                                           SHA-256 of the files; written last

namespace iolite::models {

struct Snapshot {
  std::string folder;
  std::string commit;
};

struct SnapshotManifest {
  std::string id;
  std::string commit;
  std::vector<PulledFile> files;
};

/// The snapshot of `revision` (a branch, tag or commit) below `root`. Ours count when their
/// manifest is there, others when they hold weights.
std::optional<Snapshot> FindSnapshot(const std::string& root, std::string_view id,
                                     std::string_view revision);

/// kNotFound when the folder has none, kDataLoss when it cannot be understood.
Result<SnapshotManifest> ReadSnapshotManifest(const std::string& folder);

/// Where Hugging Face's libraries keep their cache: `configured`, or HF_HUB_CACHE, HF_HOME/hub,
/// XDG_CACHE_HOME/huggingface/hub, ~/.cache/huggingface/hub.
std::string HubCacheFolder(const std::string& configured);

/// What is inside the text of a manifest; `path` names it in errors.
Result<SnapshotManifest> ParseSnapshotManifest(const std::string& text, const std::string& path);
std::string SerializeSnapshotManifest(const SnapshotManifest& manifest);

/// The last file of a snapshot of ours.
inline constexpr const char* kSnapshotManifestName = "iolite.model.json";

/// `models--<owner>--<name>` below `root`.
std::string RepositoryFolder(const std::string& root, std::string_view id);
/// Deletes every snapshot of a model below `root`. No error when there is none.
Status RemoveSnapshots(const std::string& root, std::string_view id);
/// The folder of a commit below `root`.
std::string SnapshotFolder(const std::string& root, std::string_view id, std::string_view commit);

}  // namespace iolite::models
