#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/models/http.h"
#include "iolite/models/internal/download.h"

namespace iolite::models {

struct HubFile {
  std::string name;
  int64_t size_bytes = -1;  ///< -1 when the hub does not tell
  std::string sha256;       ///< empty when the hub does not tell
};

/// One revision of a model on a hub.
struct HubListing {
  std::string commit;
  std::vector<HubFile> files;
};

/// A hub that answers as Hugging Face's does.
class Hub {
 public:
  Hub(HttpClient& http, std::string url, std::string token, Clock& clock);

  /// What `revision` of `id` (a branch, tag or commit) is now.
  Result<HubListing> List(const RequestContext& context, std::string_view id,
                          std::string_view revision) const;
  /// Where to get a file of a listing.
  DownloadSource Source(std::string_view id, const HubListing& listing, const HubFile& file) const;

 private:
  HttpRequest RequestFor(std::string url) const;

  HttpClient& http_;
  std::string url_;
  const std::string token_;
  Clock& clock_;
};

/// kInvalidArgument unless `id` is `name` or `owner/name` of the characters a hub allows.
Status CheckHubId(std::string_view id);

}  // namespace iolite::models
