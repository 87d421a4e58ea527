#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/clock.h"
#include "iolite/base/context.h"
#include "iolite/models/http.h"
#include "iolite/models/model_store.h"
#include "iolite/storage/disk.h"

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

struct PullOrder {
  std::string root;
  std::string hub_url;
  std::string hub_token;
  std::string id;
  std::string revision;
  HttpClient* http = nullptr;
  storage::Disk* disk = nullptr;
  Clock* clock = nullptr;
};

/// Fetches a snapshot from the hub, or completes one. Only `order.root` is written.
Result<SnapshotManifest> PullSnapshot(const RequestContext& context, const PullOrder& order,
                                      const std::function<void(const PullProgress&)>& progress);

/// The folder of a commit below `root`.
std::string SnapshotFolder(const std::string& root, std::string_view id, std::string_view commit);

}  // namespace iolite::models
