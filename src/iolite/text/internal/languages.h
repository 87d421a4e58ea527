#pragma once

#include <span>
#include <string_view>

#include "iolite/base/status.h"
#include "iolite/text/analyzer.h"

namespace iolite::text::internal {

/// By code or name. kInvalidArgument names all.
Result<Language> FindLanguage(std::string_view name);

/// Words without a meaning of their own, in NFKC_Casefold and sorted by bytes. Empty where we have
/// none.
std::span<const std::string_view> StopWords(std::string_view language_name);

}  // namespace iolite::text::internal
