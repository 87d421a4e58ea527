#include "iolite/models/internal/url.h"

#include <algorithm>
#include <cctype>

namespace iolite::models {
namespace {

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

/// Where the path begins: past `scheme://authority`.
size_t PathStart(std::string_view url) {
  const size_t authority = url.find("://");
  if (authority == std::string_view::npos) return url.size();
  return std::min(url.find_first_of("/?#", authority + 3), url.size());
}

}  // namespace

Result<std::string> UrlOrigin(std::string_view url) {
  const size_t colon = url.find("://");
  const std::string scheme = Lower(url.substr(0, colon));
  if (colon == std::string_view::npos || (scheme != "http" && scheme != "https")) {
    return InvalidArgument("'{}' is no http or https address", url);
  }
  std::string host = Lower(url.substr(colon + 3, PathStart(url) - colon - 3));
  if (const size_t at = host.rfind('@'); at != std::string::npos) host = host.substr(at + 1);
  if (host.empty()) return InvalidArgument("'{}' names no host", url);
  const size_t port = host.rfind(':');
  const bool has_port = port != std::string::npos && host.find(']', port) == std::string::npos;
  if (!has_port) host += scheme == "https" ? ":443" : ":80";
  return scheme + "://" + host;
}

Result<std::string> ResolveLocation(std::string_view base, std::string_view location) {
  const size_t path_start = PathStart(base);
  const size_t colon = location.find(':');
  const bool absolute = colon != std::string_view::npos && location.find_first_of("/?#") > colon;
  std::string target;
  if (absolute) {
    target = location;
  } else if (location.starts_with("//")) {
    target = std::string(base.substr(0, base.find("://") + 1)) + std::string(location);
  } else if (location.starts_with("/")) {
    target = std::string(base.substr(0, path_start)) + std::string(location);
  } else {
    const std::string_view path = base.substr(0, base.find_first_of("?#", path_start));
    const size_t slash = path.rfind('/');
    const size_t keep = slash == std::string_view::npos || slash < path_start ? path_start : slash;
    target = std::string(path.substr(0, keep)) + "/" + std::string(location);
  }
  IOLITE_RETURN_IF_ERROR(UrlOrigin(target).status());
  return target;
}

std::string EscapePath(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string escaped;
  for (const unsigned char c : text) {
    if (std::isalnum(c) ||
        std::string_view("-._~/").find(static_cast<char>(c)) != std::string_view::npos) {
      escaped.push_back(static_cast<char>(c));
    } else {
      escaped += {'%', kDigits[c >> 4], kDigits[c & 15]};
    }
  }
  return escaped;
}

}  // namespace iolite::models
