#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "iolite/base/context.h"
#include "iolite/models/http.h"
#include "iolite/models/model_store.h"
#include "iolite/storage/disk.h"

namespace iolite::models {

struct DownloadSource {
  HttpRequest request;
  std::string what;         ///< names the file in errors
  int64_t size_bytes = -1;  ///< -1 while unknown
  std::string sha256;       ///< empty when the hub does not tell
};

struct DownloadTarget {
  storage::Disk* disk = &storage::Disk::System();
  Clock* clock = &Clock::System();
  std::string path;
};

/// Fetches one file to `target.path`. Bytes gather in `<path>.part`. A broken connection is
/// continued with a Range request guarded by If-Range; so is the part that an earlier run left,
/// where the hub announces a checksum. The file gets its name only when it is whole, has the size
/// and the SHA-256 that were announced, and is on disk. `on_bytes` learns how many bytes are there.
///
/// kDataLoss when what arrives has another checksum, twice; others as Retry and HttpFailure say.
Result<PulledFile> Download(const RequestContext& context, HttpClient& http,
                            const DownloadSource& source, const DownloadTarget& target,
                            const std::function<void(int64_t bytes_done)>& on_bytes);

/// Size and SHA-256 of a file that is here; without its name.
Result<PulledFile> Describe(const RequestContext& context, storage::Disk& disk,
                            const std::string& path);

}  // namespace iolite::models
