#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "iolite/base/trace.h"

namespace iolite::search {

/// The steps of a search as lines of text, the time of each in front:
///
///     resolve      0.01 ms  papers is answered by papers__embedding__…
///     index        0.31 ms  qg f32, plan: graph (all 117,659 rows may appear, ef 40), visited …
std::string FormatExplanation(std::span<const Trace::Step> steps);
std::string FormatExplanation(const Trace& trace);

/// `117,659`.
std::string WithThousands(int64_t number);

}  // namespace iolite::search
