#pragma once

#include <cstddef>
#include <string_view>

namespace iolite::columnar::internal {

/// One step through text.
struct Utf8Step {
  char32_t character = 0;
  size_t size_bytes = 1;
  bool valid = true;  ///< false: one byte that begins no well-formed character
};

/// The character at the front of `text`, which must not be empty. Overlong forms, surrogates and
/// what lies past U+10FFFF are not well formed.
Utf8Step NextCharacter(std::string_view text);

}  // namespace iolite::columnar::internal
