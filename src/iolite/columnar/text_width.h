#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace iolite::columnar {

/// Columns that `text` takes on a terminal: two for East Asian wide characters and emoji, none for
/// combining marks and controls, one for a broken byte (shown as U+FFFD).
size_t DisplayWidth(std::string_view text);

/// `text` on at most `width` columns, cut between characters and ended with `…` where it was
/// longer.
std::string TruncateToWidth(std::string_view text, size_t width);

}  // namespace iolite::columnar
