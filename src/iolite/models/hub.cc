#include "iolite/models/internal/hub.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include <nlohmann/json.hpp>

#include "iolite/models/internal/retry.h"
#include "iolite/models/internal/url.h"

namespace iolite::models {
namespace {

using nlohmann::json;

constexpr size_t kListingBytesMax = 64 << 20;

bool IsCommit(std::string_view text) {
  return text.size() >= 7 && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isxdigit(c) != 0; });
}

HubFile ParseFile(const json& sibling) {
  HubFile file;
  file.name = sibling.value("rfilename", "");
  if (const auto size = sibling.find("size"); size != sibling.end() && size->is_number_integer()) {
    file.size_bytes = size->get<int64_t>();
  }
  if (const auto lfs = sibling.find("lfs"); lfs != sibling.end() && lfs->is_object()) {
    const auto sha256 = lfs->find(lfs->contains("sha256") ? "sha256" : "oid");
    if (sha256 != lfs->end() && sha256->is_string()) file.sha256 = sha256->get<std::string>();
  }
  return file;
}

Result<HubListing> ParseListing(const std::string& text, const std::string& url) {
  const json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  HubListing listing;
  try {
    listing.commit = document.at("sha").get<std::string>();
    for (const json& sibling : document.at("siblings")) listing.files.push_back(ParseFile(sibling));
  } catch (const json::exception& error) {
    return Unavailable("{} answered with something that is no listing of a model: {}", url,
                       error.what());
  }
  if (!IsCommit(listing.commit)) {
    return Unavailable("{} names the commit '{}', which is none", url, listing.commit);
  }
  return listing;
}

}  // namespace

Status CheckHubId(std::string_view id) {
  const size_t slash = id.find('/');
  const auto is_part = [](std::string_view part) {
    return !part.empty() && part.size() <= 96 && part.front() != '.' && part.front() != '-' &&
           part.find("--") == std::string_view::npos && part.find("..") == std::string_view::npos &&
           std::all_of(part.begin(), part.end(), [](unsigned char c) {
             return std::isalnum(c) || c == '-' || c == '_' || c == '.';
           });
  };
  const bool named = slash == std::string_view::npos
                         ? is_part(id)
                         : is_part(id.substr(0, slash)) && is_part(id.substr(slash + 1));
  if (named) return Status();
  return InvalidArgument(
      "'{}' is no model id: 'owner/name' or 'name' is, of letters, digits and -._", id);
}

Hub::Hub(HttpClient& http, std::string url, std::string token, Clock& clock)
    : http_(http), url_(std::move(url)), token_(std::move(token)), clock_(clock) {
  while (url_.ends_with('/')) url_.pop_back();
}

HttpRequest Hub::RequestFor(std::string url) const {
  HttpRequest request{std::move(url), {}};
  if (!token_.empty()) request.headers.emplace_back("authorization", "Bearer " + token_);
  return request;
}

Result<HubListing> Hub::List(const RequestContext& context, std::string_view id,
                             std::string_view revision) const {
  IOLITE_RETURN_IF_ERROR(CheckHubId(id));
  std::string escaped = EscapePath(revision);
  for (size_t at; (at = escaped.find('/')) != std::string::npos;) escaped.replace(at, 1, "%2F");
  const std::string url =
      fmt::format("{}/api/models/{}/revision/{}?blobs=true", url_, EscapePath(id), escaped);
  const std::string what = fmt::format("Model '{}' at revision '{}' on {}", id, revision, url_);
  Retry retry(context, clock_);
  while (true) {
    std::string body;
    const auto take = [&](const HttpResponse&, std::string_view bytes) {
      body += bytes;
      return body.size() > kListingBytesMax ? Unavailable("{} answers without end", url) : Status();
    };
    const auto response = GetFollowingRedirects(http_, context, RequestFor(url), take);
    if (response.ok() && response->status == 200) return ParseListing(body, url);
    const Status failure = response.ok() ? HttpFailure(*response, what) : response.status();
    const auto wait = response.ok() ? RetryAfter(*response, clock_) : std::nullopt;
    IOLITE_RETURN_IF_ERROR(retry.Wait(failure, wait));
  }
}

DownloadSource Hub::Source(std::string_view id, const HubListing& listing,
                           const HubFile& file) const {
  const std::string url = fmt::format("{}/{}/resolve/{}/{}", url_, EscapePath(id), listing.commit,
                                      EscapePath(file.name));
  return {.request = RequestFor(url),
          .what = fmt::format("File '{}' of model '{}'", file.name, id),
          .size_bytes = file.size_bytes,
          .sha256 = file.sha256};
}

}  // namespace iolite::models
