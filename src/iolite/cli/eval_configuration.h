#pragma once

#include <string>

#include "iolite/engine.h"

namespace iolite::cli {

/// Reads what is to be measured, as one writes it on the command line:
///
///     papers                      a source, SQL table or result table
///     papers,exact,name=scan      with options: exact, ef=N, target-recall=SHARE, where=CONDITION,
///                                 name=TEXT
///     run:bm25.run                a TREC run file, or a run that `iolite eval list` names
///
/// A condition may hold commas: `where=` takes the rest of the text.
/// kInvalidArgument names the option that is wrong, and those there are.
Result<EvalConfiguration> ParseEvalConfiguration(const std::string& text);

}  // namespace iolite::cli
