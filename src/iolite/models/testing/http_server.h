#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace iolite::models::testing {

/// A small HTTP server on 127.0.0.1 that answers what a test wants, and misbehaves when asked.
class HttpServer {
 public:
  struct Request {
    std::string target;                          ///< path and query
    std::map<std::string, std::string> headers;  ///< names in lower case
  };
  struct Reply {
    int status = 200;
    std::map<std::string, std::string> headers;
    std::string body;
    /// Breaks the connection off after so many bytes of the body; -1 sends it whole.
    int64_t drop_after_bytes = -1;
    /// Sends nothing for that long after the headers, or until the server goes.
    int64_t stall_ms = 0;
  };
  using Handler = std::function<Reply(const Request&)>;

  explicit HttpServer(Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  /// All that arrived so far.
  std::vector<Request> requests() const;

  /// Answers with `body`, or with the part that a Range header asks for. An If-Range that does not
  /// match `etag` gets it whole.
  static Reply Serve(const Request& request, const std::string& body, const std::string& etag);

 private:
  void Loop();
  void Answer(int connection);

  const Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::vector<Request> requests_;
  std::thread thread_;
};

}  // namespace iolite::models::testing
