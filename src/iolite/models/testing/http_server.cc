#include "iolite/models/testing/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace iolite::models::testing {
namespace {

void Send(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
}

/// Head of a request, up to the empty line.
std::string ReceiveHead(int connection) {
  std::string head;
  char buffer[4096];
  while (head.find("\r\n\r\n") == std::string::npos) {
    const ssize_t count = ::recv(connection, buffer, sizeof(buffer), 0);
    if (count <= 0) break;
    head.append(buffer, static_cast<size_t>(count));
  }
  return head;
}

HttpServer::Request Parse(const std::string& head) {
  HttpServer::Request request;
  std::istringstream lines(head);
  std::string method, line;
  lines >> method >> request.target;
  std::getline(lines, line);
  while (std::getline(lines, line) && line != "\r") {
    const size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    request.headers[name] = line.substr(colon + 2, line.find('\r') - colon - 2);
  }
  return request;
}

}  // namespace

HttpServer::HttpServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener_, 16) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::perror("the test's HTTP server cannot listen on 127.0.0.1");
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Loop(); });
}

HttpServer::~HttpServer() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
}

std::vector<HttpServer::Request> HttpServer::requests() const {
  std::lock_guard lock(mutex_);
  return requests_;
}

void HttpServer::Loop() {
  while (!stopping_) {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    Answer(connection);
    ::close(connection);
  }
}

void HttpServer::Answer(int connection) {
  const Request request = Parse(ReceiveHead(connection));
  {
    std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  const Reply reply = handler_(request);
  std::string head =
      "HTTP/1.1 " + std::to_string(reply.status) + " Answer\r\nConnection: close\r\n";
  head += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n";
  for (const auto& [name, value] : reply.headers) head += name + ": " + value + "\r\n";
  Send(connection, head + "\r\n");
  for (int64_t waited = 0; waited < reply.stall_ms && !stopping_; waited += 5) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  const std::string_view body = reply.body;
  Send(connection, reply.drop_after_bytes < 0
                       ? body
                       : body.substr(0, static_cast<size_t>(reply.drop_after_bytes)));
}

HttpServer::Reply HttpServer::Serve(const Request& request, const std::string& body,
                                    const std::string& etag) {
  Reply reply;
  reply.body = body;
  if (!etag.empty()) reply.headers["ETag"] = etag;
  const auto range = request.headers.find("range");
  const auto if_range = request.headers.find("if-range");
  const bool changed = if_range != request.headers.end() && if_range->second != etag;
  if (range == request.headers.end() || changed) return reply;
  const size_t begin = std::strtoull(range->second.c_str() + sizeof("bytes=") - 1, nullptr, 10);
  if (begin >= body.size()) {
    reply.status = 416;
    reply.body.clear();
    return reply;
  }
  reply.status = 206;
  reply.body = body.substr(begin);
  reply.headers["Content-Range"] = "bytes " + std::to_string(begin) + "-" +
                                   std::to_string(body.size() - 1) + "/" +
                                   std::to_string(body.size());
  return reply;
}

}  // namespace iolite::models::testing
