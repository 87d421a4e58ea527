#pragma once

#include <string>
#include <string_view>

namespace iolite::models {

/// Whether every byte belongs to a character of UTF-8.
bool IsUtf8(std::string_view text);

/// `text` with U+FFFD for each longest run of bytes that begins a character and does not end it,
/// and for each other byte that belongs to none: what the tokenizer makes of them too.
std::string RepairUtf8(std::string_view text);

}  // namespace iolite::models
