#include "iolite/models/testing/fake_hub.h"

#include <nlohmann/json.hpp>

#include "iolite/base/hash.h"

namespace iolite::models::testing {

int FakeHub::count(const std::string& part) const {
  int found = 0;
  for (const auto& request : server_.requests())
    found += request.target.find(part) != std::string::npos;
  return found;
}

HttpServer::Reply FakeHub::Answer(const HttpServer::Request& request) const {
  if (interfere) {
    if (auto reply = interfere(request)) return std::move(*reply);
  }
  return Usual(request);
}

HttpServer::Reply FakeHub::Usual(const HttpServer::Request& request) const {
  const std::string listing = "/api/models/" + id_ + "/revision/";
  if (request.target.starts_with(listing)) return {.body = Listing()};
  const std::string resolve = "/" + id_ + "/resolve/" + kCommit + "/";
  if (request.target.starts_with(resolve)) {
    const auto found = files.find(request.target.substr(resolve.size()));
    if (found != files.end()) {
      return HttpServer::Serve(request, found->second.bytes,
                               "\"" + Sha256Hex(found->second.bytes).substr(0, 16) + "\"");
    }
  }
  return {.status = 404, .body = "not here"};
}

std::string FakeHub::Listing() const {
  nlohmann::json siblings = nlohmann::json::array();
  for (const auto& [name, file] : files) {
    nlohmann::json sibling = {{"rfilename", name}, {"size", file.bytes.size()}};
    if (file.large) {
      const std::string sha256 = file.announced.empty() ? Sha256Hex(file.bytes) : file.announced;
      sibling["lfs"] = {{"sha256", sha256}, {"size", file.bytes.size()}};
    }
    siblings.push_back(std::move(sibling));
  }
  return nlohmann::json{{"sha", kCommit}, {"siblings", siblings}}.dump();
}

}  // namespace iolite::models::testing
