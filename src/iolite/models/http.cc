#include "iolite/models/http.h"

#include <algorithm>

#include "iolite/models/internal/url.h"

namespace iolite::models {
namespace {

constexpr int kRedirectCountMax = 10;

bool IsRedirect(const HttpResponse& response) {
  const int status = response.status;
  const bool moved =
      status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  return moved && !response.header("location").empty();
}

/// Points `request` at the next address, without credentials when that is somebody else's.
Status Follow(const HttpResponse& response, HttpRequest* request) {
  IOLITE_ASSIGN_OR_RETURN(std::string target,
                          ResolveLocation(request->url, response.header("location")));
  IOLITE_ASSIGN_OR_RETURN(std::string from, UrlOrigin(request->url));
  IOLITE_ASSIGN_OR_RETURN(std::string to, UrlOrigin(target));
  if (from.starts_with("https:") && !to.starts_with("https:")) {
    return PermissionDenied("{} redirects to {}, which is not encrypted: refused", request->url,
                            to);
  }
  if (from != to) {
    std::erase_if(request->headers, [](const auto& header) {
      return header.first == "authorization" || header.first == "Authorization";
    });
  }
  request->url = std::move(target);
  return Status();
}

}  // namespace

std::string HttpResponse::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string() : found->second;
}

Result<HttpResponse> GetFollowingRedirects(HttpClient& client, const RequestContext& context,
                                           HttpRequest request, const HttpBody& body) {
  std::map<std::string, std::string> kept;
  const auto last_body = [&](const HttpResponse& response, std::string_view bytes) {
    return IsRedirect(response) ? Status() : body(response, bytes);
  };
  // The body of the last answer must see what the hops before it told.
  const auto with_kept = [&](const HttpResponse& response, std::string_view bytes) {
    HttpResponse whole = response;
    whole.headers.insert(kept.begin(), kept.end());
    return last_body(whole, bytes);
  };
  for (int hop = 0; hop <= kRedirectCountMax; ++hop) {
    IOLITE_ASSIGN_OR_RETURN(HttpResponse response, client.Get(context, request, with_kept));
    if (!IsRedirect(response)) {
      response.headers.insert(kept.begin(), kept.end());
      return response;
    }
    for (const auto& header : response.headers) {
      if (header.first.starts_with("x-")) kept.insert(header);
    }
    IOLITE_RETURN_IF_ERROR(Follow(response, &request));
  }
  return Unavailable("{} redirects more than {} times", request.url, kRedirectCountMax);
}

}  // namespace iolite::models
