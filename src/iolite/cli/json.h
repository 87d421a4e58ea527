#pragma once

#include <nlohmann/json.hpp>

/// JSON documents whose keys keep the order in which they were written.

namespace iolite::cli {

using Json = nlohmann::ordered_json;

/// One line; text that is not UTF-8 is repaired instead of refused.
inline std::string ToLine(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace iolite::cli
