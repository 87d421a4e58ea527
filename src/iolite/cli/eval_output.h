#pragma once

#include <string>

#include "iolite/cli/console.h"
#include "iolite/cli/json.h"

namespace iolite::cli {

/// Prints a measurement: one run's figures, or several side by side with what tells them apart.
void PrintEvaluation(const Console& console, const EvalOptions& options, const EvalResult& result);
void PrintLabels(const Console& console, const LabelEvalResult& result);
void PrintEntities(const Console& console, const EntityEvalResult& result);
/// Warns of ids that fit nowhere and whatever else a person should know.
void WarnOfStrangers(const Console& console, const EvalResult& result);

/// Figures of each query, a JSON object a line.
Status WritePerQuery(const std::string& path, const EvalResult& result);
/// Writes a whole file.
Status WriteTextFile(const std::string& path, const std::string& content);

}  // namespace iolite::cli
