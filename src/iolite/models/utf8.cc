#include "iolite/models/internal/utf8.h"

#include <algorithm>

namespace iolite::models {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

/// What starts at a place of a text.
struct Piece {
  size_t size = 1;
  bool valid = false;
};

/// The bytes a character of this first byte has; 0 for a byte that starts none.
size_t SizeOf(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  if (first >= 0xf0 && first <= 0xf4) return 4;
  return 0;
}

/// Whether `second` may follow: no character has two spellings, none is a surrogate, and none is
/// past the last one.
bool MayFollow(unsigned char first, unsigned char second) {
  switch (first) {
    case 0xe0: return second >= 0xa0 && second <= 0xbf;
    case 0xed: return second >= 0x80 && second <= 0x9f;
    case 0xf0: return second >= 0x90 && second <= 0xbf;
    case 0xf4: return second >= 0x80 && second <= 0x8f;
    default: return second >= 0x80 && second <= 0xbf;
  }
}

Piece PieceAt(std::string_view text, size_t place) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[place + i]); };
  const size_t wanted = SizeOf(byte(0));
  if (wanted == 0) return {};
  const size_t there = std::min(wanted, text.size() - place);
  size_t size = 1;
  if (size < there && MayFollow(byte(0), byte(1))) ++size;
  while (size > 1 && size < there && (byte(size) & 0xc0u) == 0x80u) ++size;
  return {.size = size, .valid = size == wanted};
}

}  // namespace

bool IsUtf8(std::string_view text) {
  for (size_t place = 0; place < text.size();) {
    const Piece piece = PieceAt(text, place);
    if (!piece.valid) return false;
    place += piece.size;
  }
  return true;
}

std::string RepairUtf8(std::string_view text) {
  std::string repaired;
  for (size_t place = 0; place < text.size();) {
    const Piece piece = PieceAt(text, place);
    repaired += piece.valid ? text.substr(place, piece.size) : kReplacement;
    place += piece.size;
  }
  return repaired;
}

}  // namespace iolite::models
