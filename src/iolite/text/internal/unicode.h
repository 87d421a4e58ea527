#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/text/analyzer.h"

/// What we take from ICU.

namespace iolite::text::internal {

bool IsAscii(std::string_view text);

/// kInternal when ICU does not find its data.
Status CheckUnicodeData();

/// Appends the words of `text` as ICU's word iterator finds them, their places moved by `offset`.
void SplitByIcu(std::string_view text, uint32_t offset, std::vector<Analyzer::Word>& words);
/// The same words, those of ASCII without ICU, many times faster. An at sign separates words, as
/// UAX #29 has it, whatever the release of ICU.
void SplitWords(std::string_view text, std::vector<Analyzer::Word>& words);
/// What stands between characters of the property White_Space.
void SplitAtWhitespace(std::string_view text, std::vector<Analyzer::Word>& words);
/// Every run of `shortest` to `longest` letters, digits and marks; a shorter run as it is.
void SplitIntoNgrams(std::string_view text, int32_t shortest, int32_t longest,
                     std::vector<Analyzer::Word>& words);

/// NFKC_Casefold. ASCII is only brought to lower case.
void FoldCase(std::string_view word, std::string& out);
/// Leaves out combining marks from U+0300 to U+036F.
void FoldAccents(std::string& word);

}  // namespace iolite::text::internal
