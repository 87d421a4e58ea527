#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "iolite/models/testing/http_server.h"

namespace iolite::models::testing {

/// A hub with one model, served from memory on 127.0.0.1.
class FakeHub {
 public:
  struct File {
    std::string bytes;
    bool large = false;     ///< kept as the hub keeps large files: its SHA-256 is announced
    std::string announced;  ///< a checksum to announce in place of the right one
  };
  static constexpr const char* kCommit = "0123456789abcdef0123456789abcdef01234567";

  explicit FakeHub(std::string id)
      : id_(std::move(id)), server_([this](const auto& r) { return Answer(r); }) {}

  std::map<std::string, File> files;
  /// Answers in the hub's place where it returns something. Called one at a time.
  std::function<std::optional<HttpServer::Reply>(const HttpServer::Request&)> interfere;

  std::string url() const { return server_.url(); }
  /// Requests whose address holds `part`.
  int count(const std::string& part) const;
  std::vector<HttpServer::Request> requests() const { return server_.requests(); }
  /// The hub's own answer.
  HttpServer::Reply Usual(const HttpServer::Request& request) const;

 private:
  HttpServer::Reply Answer(const HttpServer::Request& request) const;
  std::string Listing() const;

  const std::string id_;
  HttpServer server_;
};

}  // namespace iolite::models::testing
