#include "iolite/columnar/internal/utf8.h"

namespace iolite::columnar::internal {
namespace {

constexpr Utf8Step kBroken = {.character = 0xFFFD, .size_bytes = 1, .valid = false};

struct Lead {
  size_t size_bytes;
  char32_t bits;
  char32_t least;  // below this the form is overlong
};

Lead LeadOf(unsigned char byte) {
  if (byte >= 0xC2 && byte <= 0xDF) return {2, byte & 0x1Fu, 0x80};
  if (byte >= 0xE0 && byte <= 0xEF) return {3, byte & 0x0Fu, 0x800};
  if (byte >= 0xF0 && byte <= 0xF4) return {4, byte & 0x07u, 0x10000};
  return {0, 0, 0};
}

}  // namespace

Utf8Step NextCharacter(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return {.character = first};
  const auto lead = LeadOf(first);
  if (lead.size_bytes == 0 || text.size() < lead.size_bytes) return kBroken;
  char32_t character = lead.bits;
  for (size_t i = 1; i < lead.size_bytes; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0) != 0x80) return kBroken;
    character = character << 6 | (byte & 0x3Fu);
  }
  const bool surrogate = character >= 0xD800 && character <= 0xDFFF;
  if (character < lead.least || character > 0x10FFFF || surrogate) return kBroken;
  return {.character = character, .size_bytes = lead.size_bytes};
}

}  // namespace iolite::columnar::internal
