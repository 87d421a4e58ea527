#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/status.h"

namespace iolite::models {

struct HttpRequest {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
};

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case

  /// A header's value, or empty.
  std::string header(const std::string& name) const;
};

/// Takes a body piece by piece, with the status and headers it belongs to. An error ends the
/// exchange and becomes its result.
using HttpBody = std::function<Status(const HttpResponse& response, std::string_view bytes)>;

/// The door to HTTP, so that tests can put another behind it.
///
/// Threads: any number.
class HttpClient {
 public:
  virtual ~HttpClient() = default;

  /// One GET, without following redirects. Any status that arrives is a success. kUnavailable when
  /// the server cannot be reached, stops answering or breaks off: trying again may help. kCancelled
  /// and kDeadlineExceeded as `context` asks; kInvalidArgument for an address that is not http or
  /// https.
  virtual Result<HttpResponse> Get(const RequestContext& context, const HttpRequest& request,
                                   const HttpBody& body) = 0;
};

struct HttpClientOptions {
  std::chrono::milliseconds connect_timeout{10'000};
  /// Without any byte for that long, the server counts as gone.
  std::chrono::seconds stall_timeout{30};
};

/// HTTP and HTTPS by libcurl. Certificates are checked; proxies come from the usual environment
/// variables, never for addresses of this machine.
std::unique_ptr<HttpClient> CurlHttpClient(const HttpClientOptions& options = {});

/// Gets with up to ten redirects. A header named `authorization` goes to the first address's
/// scheme, host and port only; a redirect from https to http is refused. Headers beginning with
/// `x-` of the answers in between are kept where the last one lacks them.
Result<HttpResponse> GetFollowingRedirects(HttpClient& client, const RequestContext& context,
                                           HttpRequest request, const HttpBody& body);

}  // namespace iolite::models
