#include "iolite/text/internal/unicode.h"

#include <unicode/brkiter.h>
#include <unicode/bytestream.h>
#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/utext.h>
#include <unicode/utf8.h>

#include <cstring>
#include <memory>

namespace iolite::text::internal {
namespace {

using icu::BreakIterator;
using icu::Normalizer2;

// Iterators are not for several threads at once: each has its own.
struct WordIterator {
  std::unique_ptr<BreakIterator> words;
  UText text = UTEXT_INITIALIZER;

  WordIterator() {
    UErrorCode error = U_ZERO_ERROR;
    words.reset(BreakIterator::createWordInstance(icu::Locale::getRoot(), error));
    if (U_FAILURE(error)) words.reset();
  }
  ~WordIterator() { utext_close(&text); }
  WordIterator(const WordIterator&) = delete;
  WordIterator& operator=(const WordIterator&) = delete;
};

WordIterator& ThreadWordIterator() {
  static thread_local WordIterator iterator;
  return iterator;
}

// No word goes over these. ICU 72 takes the at sign for a letter, which UAX #29 and all other
// releases do not.
bool SeparatesPieces(unsigned char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == '@'; }

// The word-break classes that ASCII has.
enum : uint8_t { kOther, kLetter, kDigit, kUnderscore, kMidNumLet, kMidNum };

constexpr auto kClasses = [] {
  struct {
    uint8_t of[256];
  } table{};
  for (int c = 'a'; c <= 'z'; ++c) table.of[c] = table.of[c - 32] = kLetter;
  for (int c = '0'; c <= '9'; ++c) table.of[c] = kDigit;
  table.of[static_cast<int>('_')] = kUnderscore;
  // A colon joins letters in Finnish and Swedish only (CLDR 42).
  table.of[static_cast<int>('.')] = table.of[static_cast<int>('\'')] = kMidNumLet;
  table.of[static_cast<int>(',')] = table.of[static_cast<int>(';')] = kMidNum;
  return table;
}();

bool IsWordClass(uint8_t c) { return c >= kLetter && c <= kUnderscore; }

// Rules WB5 to WB13b for ASCII: letters, digits and underscores join; a full stop or an apostrophe
// joins two letters or two digits, a comma or semicolon two digits.
void SplitAscii(std::string_view text, uint32_t offset, std::vector<Analyzer::Word>& words) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  const size_t size = text.size();
  auto class_at = [&](size_t at) { return kClasses.of[bytes[at]]; };
  for (size_t at = 0; at < size;) {
    if (!IsWordClass(class_at(at))) {
      ++at;
      continue;
    }
    const size_t begin = at;
    for (;;) {
      while (at < size && IsWordClass(class_at(at))) ++at;
      if (at + 1 >= size) break;
      const uint8_t joint = class_at(at), before = class_at(at - 1), after = class_at(at + 1);
      const bool joins = before == after && ((joint == kMidNumLet && before != kUnderscore) ||
                                             (joint == kMidNum && before == kDigit));
      if (!joins) break;
      ++at;
    }
    // An underscore alone is punctuation; several are a word to ICU.
    if (at - begin == 1 && class_at(begin) == kUnderscore) continue;
    words.push_back({offset + static_cast<uint32_t>(begin), offset + static_cast<uint32_t>(at)});
  }
}

}  // namespace

bool IsAscii(std::string_view text) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  const char* at = text.data();
  size_t left = text.size();
  uint64_t seen = 0;
  for (; left >= 8; left -= 8, at += 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    seen |= word;
  }
  for (; left > 0; --left, ++at) seen |= static_cast<unsigned char>(*at);
  return (seen & kHighBits) == 0;
}

Status CheckUnicodeData() {
  UErrorCode error = U_ZERO_ERROR;
  Normalizer2::getNFKCCasefoldInstance(error);
  Normalizer2::getNFDInstance(error);
  if (U_FAILURE(error) || ThreadWordIterator().words == nullptr) {
    return Internal("ICU does not find its data: {}", u_errorName(error));
  }
  return Status::Ok();
}

void SplitByIcu(std::string_view text, uint32_t offset, std::vector<Analyzer::Word>& words) {
  WordIterator& iterator = ThreadWordIterator();
  UErrorCode error = U_ZERO_ERROR;
  utext_openUTF8(&iterator.text, text.data(), static_cast<int64_t>(text.size()), &error);
  iterator.words->setText(&iterator.text, error);
  int32_t begin = iterator.words->first();
  for (int32_t end = iterator.words->next(); end != BreakIterator::DONE;
       begin = end, end = iterator.words->next()) {
    if (iterator.words->getRuleStatus() < UBRK_WORD_NONE_LIMIT) continue;
    words.push_back({offset + static_cast<uint32_t>(begin), offset + static_cast<uint32_t>(end)});
  }
}

void SplitWords(std::string_view text, std::vector<Analyzer::Word>& words) {
  if (IsAscii(text)) return SplitAscii(text, 0, words);
  // Only the pieces that hold more than ASCII need ICU.
  for (size_t at = 0; at < text.size();) {
    if (SeparatesPieces(text[at])) {
      ++at;
      continue;
    }
    const size_t begin = at;
    unsigned char seen = 0;
    for (; at < text.size() && !SeparatesPieces(text[at]); ++at) seen |= text[at];
    const std::string_view piece = text.substr(begin, at - begin);
    const auto offset = static_cast<uint32_t>(begin);
    if (seen < 0x80) {
      SplitAscii(piece, offset, words);
    } else {
      SplitByIcu(piece, offset, words);
    }
  }
}

void SplitAtWhitespace(std::string_view text, std::vector<Analyzer::Word>& words) {
  const auto size = static_cast<int32_t>(text.size());
  int32_t begin = 0;
  for (int32_t at = 0; at < size;) {
    const int32_t start = at;
    UChar32 c;
    U8_NEXT(text.data(), at, size, c);
    if (c >= 0 && !u_isUWhiteSpace(c)) continue;
    if (start > begin)
      words.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(start)});
    begin = at;
  }
  if (size > begin) words.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(size)});
}

void SplitIntoNgrams(std::string_view text, int32_t shortest, int32_t longest,
                     std::vector<Analyzer::Word>& words) {
  const auto size = static_cast<int32_t>(text.size());
  std::vector<uint32_t> bounds;  // of the characters of a run
  auto end_run = [&] {
    const size_t count = bounds.empty() ? 0 : bounds.size() - 1;
    if (count > 0 && count < static_cast<size_t>(shortest))
      words.push_back({bounds[0], bounds[count]});
    for (size_t i = 0; i < count; ++i) {
      for (auto n = static_cast<size_t>(shortest); n <= static_cast<size_t>(longest); ++n) {
        if (i + n <= count) words.push_back({bounds[i], bounds[i + n]});
      }
    }
    bounds.clear();
  };
  for (int32_t at = 0; at < size;) {
    const auto start = static_cast<uint32_t>(at);
    UChar32 c;
    U8_NEXT(text.data(), at, size, c);
    constexpr uint32_t kMarks = U_GC_MN_MASK | U_GC_MC_MASK;
    if (c < 0 || !(u_isalnum(c) || (U_GET_GC_MASK(c) & kMarks) != 0)) {
      end_run();
      continue;
    }
    if (bounds.empty()) bounds.push_back(start);
    bounds.push_back(static_cast<uint32_t>(at));
  }
  end_run();
}

void FoldCase(std::string_view word, std::string& out) {
  out.assign(word);
  if (IsAscii(word)) {
    for (char& c : out) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    return;
  }
  UErrorCode error = U_ZERO_ERROR;
  const Normalizer2* fold = Normalizer2::getNFKCCasefoldInstance(error);
  out.clear();
  icu::StringByteSink<std::string> sink(&out);
  fold->normalizeUTF8(0, icu::StringPiece(word.data(), static_cast<int32_t>(word.size())), sink,
                      nullptr, error);
}

void FoldAccents(std::string& word) {
  if (IsAscii(word)) return;
  UErrorCode error = U_ZERO_ERROR;
  std::string apart, bare;
  icu::StringByteSink<std::string> sink(&apart);
  Normalizer2::getNFDInstance(error)->normalizeUTF8(
      0, icu::StringPiece(word.data(), static_cast<int32_t>(word.size())), sink, nullptr, error);
  const auto size = static_cast<int32_t>(apart.size());
  for (int32_t at = 0; at < size;) {
    const int32_t start = at;
    UChar32 c;
    U8_NEXT(apart.data(), at, size, c);
    if (c >= 0x300 && c <= 0x36F) continue;
    bare.append(apart, static_cast<size_t>(start), static_cast<size_t>(at - start));
  }
  word.clear();
  icu::StringByteSink<std::string> together(&word);
  Normalizer2::getNFCInstance(error)->normalizeUTF8(
      0, icu::StringPiece(bare.data(), static_cast<int32_t>(bare.size())), together, nullptr,
      error);
}

}  // namespace iolite::text::internal
