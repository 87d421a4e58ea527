#pragma once

#include <string_view>

namespace iolite::pipelines {

/// Whether UTF-8 `text` has nothing but white space and control characters: nothing to embed.
bool IsBlank(std::string_view text);

}  // namespace iolite::pipelines
