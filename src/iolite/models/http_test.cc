#include "iolite/models/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "iolite/models/internal/url.h"
#include "iolite/models/testing/http_server.h"

namespace iolite::models {
namespace {

using ::testing::HasSubstr;
using testing::HttpServer;

struct Answer {
  Result<HttpResponse> response;
  std::string body;
};

Answer Get(const std::string& url, const RequestContext& context = {}, HttpRequest request = {}) {
  const auto client = CurlHttpClient(
      {.connect_timeout = std::chrono::seconds(5), .stall_timeout = std::chrono::seconds(1)});
  request.url = url;
  std::string body;
  auto response = GetFollowingRedirects(*client, context, request,
                                        [&](const HttpResponse&, std::string_view bytes) {
                                          body += bytes;
                                          return Status();
                                        });
  return {std::move(response), std::move(body)};
}

TEST(Http, GetsABodyAndHeaders) {
  HttpServer server([](const auto&) {
    return HttpServer::Reply{.headers = {{"X-Thing", "  value "}}, .body = "hello"};
  });
  const Answer answer = Get(server.url() + "/a/path?with=query");
  ASSERT_TRUE(answer.response.ok()) << answer.response.status().ToString();
  EXPECT_EQ(answer.response.value().status, 200);
  EXPECT_EQ(answer.response.value().header("x-thing"), "value");
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(server.requests().at(0).target, "/a/path?with=query");
}

TEST(Http, AnyStatusIsAnAnswer) {
  HttpServer server([](const auto&) { return HttpServer::Reply{.status = 503, .body = "busy"}; });
  const Answer answer = Get(server.url());
  ASSERT_TRUE(answer.response.ok());
  EXPECT_EQ(answer.response.value().status, 503);
}

TEST(Http, ABrokenConnectionIsUnavailable) {
  HttpServer server(
      [](const auto&) { return HttpServer::Reply{.body = "hello world", .drop_after_bytes = 5}; });
  const Answer answer = Get(server.url());
  EXPECT_EQ(answer.response.status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(answer.body, "hello");
}

TEST(Http, ASilentServerIsUnavailable) {
  HttpServer server(
      [](const auto&) { return HttpServer::Reply{.body = "late", .stall_ms = 60'000}; });
  EXPECT_EQ(Get(server.url()).response.status().code(), StatusCode::kUnavailable);
}

TEST(Http, NobodyListeningIsUnavailable) {
  std::string url;
  {
    url = HttpServer([](const auto&) { return HttpServer::Reply{}; }).url();
  }
  const Answer answer = Get(url);
  EXPECT_EQ(answer.response.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(answer.response.status().message(), HasSubstr(url));
}

TEST(Http, RefusesOtherSchemes) {
  for (const char* url : {"file:///etc/passwd", "ftp://127.0.0.1/x", "nothing", ""}) {
    EXPECT_EQ(Get(url).response.status().code(), StatusCode::kInvalidArgument) << url;
  }
}

TEST(Http, EndsWhenCancelledOrLate) {
  HttpServer server(
      [](const auto&) { return HttpServer::Reply{.body = "late", .stall_ms = 60'000}; });
  RequestContext late;
  late.SetTimeout(std::chrono::milliseconds(50));
  EXPECT_EQ(Get(server.url(), late).response.status().code(), StatusCode::kDeadlineExceeded);
  RequestContext cancelled;
  cancelled.cancel.Cancel();
  EXPECT_EQ(Get(server.url(), cancelled).response.status().code(), StatusCode::kCancelled);
}

TEST(Http, KeepsTheTokenAtHomeAcrossRedirects) {
  HttpServer other([](const auto&) { return HttpServer::Reply{.body = "there"}; });
  HttpServer home([&](const HttpServer::Request& request) -> HttpServer::Reply {
    if (request.target == "/start") return {.status = 302, .headers = {{"Location", "next"}}};
    return {.status = 307,
            .headers = {{"Location", other.url() + "/end"}, {"X-Linked-Etag", "\"tag\""}}};
  });
  const Answer answer =
      Get(home.url() + "/start", {}, {.headers = {{"authorization", "Bearer secret"}}});
  ASSERT_TRUE(answer.response.ok()) << answer.response.status().ToString();
  EXPECT_EQ(answer.body, "there");
  EXPECT_EQ(answer.response.value().header("x-linked-etag"), "\"tag\"");
  ASSERT_EQ(home.requests().size(), 2u);
  EXPECT_EQ(home.requests()[1].target, "/next");
  EXPECT_EQ(home.requests()[1].headers.at("authorization"), "Bearer secret");
  EXPECT_FALSE(other.requests().at(0).headers.contains("authorization"));
}

TEST(Http, EndsARedirectLoop) {
  HttpServer server([](const auto&) {
    return HttpServer::Reply{.status = 302, .headers = {{"Location", "/again"}}};
  });
  EXPECT_THAT(Get(server.url()).response.status().message(),
              HasSubstr("redirects more than 10 times"));
  HttpServer file([](const auto&) {
    return HttpServer::Reply{.status = 302, .headers = {{"Location", "file:///etc/passwd"}}};
  });
  EXPECT_EQ(Get(file.url()).response.status().code(), StatusCode::kInvalidArgument);
}

/// Redirects to an address without encryption; the network is not needed to see that refused.
class Downgrading final : public HttpClient {
 public:
  Result<HttpResponse> Get(const RequestContext&, const HttpRequest&, const HttpBody&) override {
    return HttpResponse{302, {{"location", "http://example.org/plain"}}};
  }
};

TEST(Http, RefusesARedirectThatDropsEncryption) {
  Downgrading client;
  const auto response =
      GetFollowingRedirects(client, {}, {.url = "https://example.org/x"}, nullptr);
  EXPECT_EQ(response.status().code(), StatusCode::kPermissionDenied);
}

TEST(Url, ResolvesLocations) {
  const std::string base = "https://Host.org/a/b?c=d";
  EXPECT_EQ(*ResolveLocation(base, "http://x/y"), "http://x/y");
  EXPECT_EQ(*ResolveLocation(base, "//x/y"), "https://x/y");
  EXPECT_EQ(*ResolveLocation(base, "/y"), "https://Host.org/y");
  EXPECT_EQ(*ResolveLocation(base, "y"), "https://Host.org/a/y");
  EXPECT_EQ(*ResolveLocation("http://x", "y"), "http://x/y");
  EXPECT_FALSE(ResolveLocation(base, "javascript:alert(1)").ok());
}

TEST(Url, OriginsTellPortsAndSchemesApart) {
  EXPECT_EQ(*UrlOrigin("https://Host.org/x"), "https://host.org:443");
  EXPECT_EQ(*UrlOrigin("http://host.org?x"), "http://host.org:80");
  EXPECT_EQ(*UrlOrigin("http://u:p@host.org:8080/x"), "http://host.org:8080");
  EXPECT_EQ(*UrlOrigin("http://[::1]/x"), "http://[::1]:80");
  EXPECT_FALSE(UrlOrigin("http:///x").ok());
}

TEST(Url, EscapesWhatAPathMayNotHold) {
  EXPECT_EQ(EscapePath("a b/ü%?#"), "a%20b/%C3%BC%25%3F%23");
}

}  // namespace
}  // namespace iolite::models
