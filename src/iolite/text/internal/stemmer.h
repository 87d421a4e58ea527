#pragma once

#include <string>
#include <string_view>

#include "iolite/base/status.h"

/// What we take from Snowball.

namespace iolite::text::internal {

/// kInvalidArgument names the algorithms there are.
Status CheckStemmer(std::string_view algorithm);

/// Replaces `word`, in lower case, by its stem. `algorithm` passed CheckStemmer.
///
/// Threads: any number; each has its own stemmers.
void Stem(const std::string& algorithm, std::string& word);

}  // namespace iolite::text::internal
