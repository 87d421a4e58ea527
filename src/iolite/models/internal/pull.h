#pragma once

#include <functional>
#include <string>

#include "iolite/base/clock.h"
#include "iolite/base/context.h"
#include "iolite/models/http.h"
#include "iolite/models/internal/snapshots.h"
#include "iolite/storage/disk.h"

namespace iolite::models {

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

}  // namespace iolite::models
