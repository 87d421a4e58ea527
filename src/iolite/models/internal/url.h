#pragma once

#include <string>
#include <string_view>

#include "iolite/base/status.h"

namespace iolite::models {

/// Scheme, host and port, in lower case with the port spelled out: `https://example.org:443`.
/// kInvalidArgument when `url` is neither http nor https.
Result<std::string> UrlOrigin(std::string_view url);

/// Where a `Location` header read at `base` leads.
Result<std::string> ResolveLocation(std::string_view base, std::string_view location);

/// `text` with everything but letters, digits and `-._~/` percent-encoded.
std::string EscapePath(std::string_view text);

}  // namespace iolite::models
