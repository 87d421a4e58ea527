#pragma once

#include <string>

#include "iolite/catalog/catalog.h"
#include "iolite/evaluation.h"

/// Measurements as entries of the catalog.

namespace iolite::engine {

/// How results call a configuration: its name, or what is measured.
std::string NameOf(const EvalConfiguration& configuration);

/// The entry of one run, without an id.
catalog::EvalRunEntry MakeEntry(const EvalOptions& options, const EvalConfiguration& configuration,
                                const EvalResult& result, const EvalRun& run);
/// What it answered, as it lies in the database folder.
std::string MakeAnswers(const EvalRun& run);

}  // namespace iolite::engine
