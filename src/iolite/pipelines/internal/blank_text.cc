#include "iolite/pipelines/internal/blank_text.h"

#include <algorithm>
#include <iterator>

namespace iolite::pipelines {
namespace {

// Two and three bytes long: U+0080 to U+00A0 by their first bytes, the rest one by one.
constexpr std::string_view kWideBlanks[] = {
    "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83",
    "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88",
    "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\x8b", "\xe2\x80\xa8", "\xe2\x80\xa9",
    "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80", "\xef\xbb\xbf"};

bool IsWideBlank(std::string_view three) {
  return std::find(std::begin(kWideBlanks), std::end(kWideBlanks), three) != std::end(kWideBlanks);
}

}  // namespace

bool IsBlank(std::string_view text) {
  while (!text.empty()) {
    auto first = static_cast<unsigned char>(text[0]);
    if (first <= 0x20 || first == 0x7f) {
      text.remove_prefix(1);
    } else if (first == 0xc2 && text.size() > 1 && static_cast<unsigned char>(text[1]) <= 0xa0) {
      text.remove_prefix(2);
    } else if (IsWideBlank(text.substr(0, 3))) {
      text.remove_prefix(3);
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace iolite::pipelines
