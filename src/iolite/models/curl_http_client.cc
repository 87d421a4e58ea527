#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <mutex>

#include "iolite/models/http.h"
#include "iolite/models/internal/url.h"

namespace iolite::models {
namespace {

struct CurlDeleter {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlHandle = std::unique_ptr<CURL, CurlDeleter>;
using CurlList = std::unique_ptr<curl_slist, CurlDeleter>;

/// One exchange on its way; what libcurl's callbacks write to.
struct Exchange {
  const RequestContext& context;
  const HttpBody& body;
  HttpResponse response;
  Status failure;  // of the body or the context, which libcurl only knows as "aborted"
};

std::string_view Trim(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

size_t OnHeader(char* data, size_t size, size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) {
    // Another answer begins, after a `100 Continue` or a proxy's own.
    exchange.response.headers.clear();
    const size_t space = line.find(' ');
    exchange.response.status =
        space == std::string_view::npos ? 0 : std::atoi(std::string(line.substr(space)).c_str());
  } else if (const size_t colon = line.find(':'); colon != std::string_view::npos) {
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    exchange.response.headers[name] = Trim(line.substr(colon + 1));
  }
  return size * count;
}

size_t OnBody(char* data, size_t size, size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  exchange.failure = exchange.context.Check();
  if (exchange.failure.ok()) {
    exchange.failure = exchange.body(exchange.response, {data, size * count});
  }
  return exchange.failure.ok() ? size * count : 0;
}

int OnProgress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& exchange = *static_cast<Exchange*>(user);
  if (exchange.failure.ok()) exchange.failure = exchange.context.Check();
  return exchange.failure.ok() ? 0 : 1;
}

std::string HostsWithoutProxy() {
  std::string hosts = "localhost,127.0.0.1,::1";
  for (const char* name : {"no_proxy", "NO_PROXY"}) {
    if (const char* more = std::getenv(name)) return hosts + "," + more;
  }
  return hosts;
}

class Client final : public HttpClient {
 public:
  explicit Client(const HttpClientOptions& options) : options_(options) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  }

  Result<HttpResponse> Get(const RequestContext& context, const HttpRequest& request,
                           const HttpBody& body) override {
    // libcurl would guess a scheme where there is none.
    IOLITE_RETURN_IF_ERROR(UrlOrigin(request.url).status());
    // Before the handle, which may write into it until its end.
    char detail[CURL_ERROR_SIZE] = "";
    CurlHandle curl = Borrow();
    if (!curl) return Internal("libcurl could not be started");
    CurlList headers;
    for (const auto& [name, value] : request.headers) {
      headers.reset(curl_slist_append(headers.release(), (name + ": " + value).c_str()));
    }
    Exchange exchange{context, body, {}, {}};
    SetUp(curl.get(), request, headers.get(), &exchange, detail);
    const CURLcode code = curl_easy_perform(curl.get());
    if (!exchange.failure.ok()) return exchange.failure;
    if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT) {
      return InvalidArgument("'{}' is no http or https address", request.url);
    }
    if (code != CURLE_OK) {
      return Unavailable("{} did not answer: {}", request.url,
                         *detail ? detail : curl_easy_strerror(code));
    }
    Return(std::move(curl));
    return std::move(exchange.response);
  }

 private:
  void SetUp(CURL* curl, const HttpRequest& request, curl_slist* headers, Exchange* exchange,
             char* detail) const {
    const std::string no_proxy = HostsWithoutProxy();
    curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "iolite");
    curl_easy_setopt(curl, CURLOPT_NOPROXY, no_proxy.c_str());
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, options_.connect_timeout.count());
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, options_.stall_timeout.count());
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &OnHeader);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &OnBody);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &OnProgress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, exchange);
  }

  /// An idle handle keeps its connections, which spares a handshake per file.
  CurlHandle Borrow() {
    std::lock_guard lock(mutex_);
    if (idle_.empty()) return CurlHandle(curl_easy_init());
    CurlHandle curl = std::move(idle_.back());
    idle_.pop_back();
    return curl;
  }

  void Return(CurlHandle curl) {
    curl_easy_reset(curl.get());
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(curl));
  }

  const HttpClientOptions options_;
  std::mutex mutex_;
  std::vector<CurlHandle> idle_;
};

}  // namespace

std::unique_ptr<HttpClient> CurlHttpClient(const HttpClientOptions& options) {
  return std::make_unique<Client>(options);
}

}  // namespace iolite::models
