#pragma once

#include <functional>

#include "iolite/cli/console.h"

namespace CLI {
class App;
}

namespace iolite::cli {

/// What the parsed command line asks for; returns the exit code. Runs after parsing, so that a
/// mistake in any option is told before anything happens.
using Action = std::function<int(const Console&)>;

/// Each adds one command with its options, help and examples; parsing it sets `action`.
void AddSourcesCommand(CLI::App& app, Action& action);
void AddSqlCommand(CLI::App& app, Action& action);
void AddModelsCommand(CLI::App& app, Action& action);
void AddEmbedCommand(CLI::App& app, Action& action);
void AddImportCommand(CLI::App& app, Action& action);
void AddSearchCommand(CLI::App& app, Action& action);
void AddEvalCommand(CLI::App& app, Action& action);
void AddTablesCommand(CLI::App& app, Action& action);
void AddJobsCommand(CLI::App& app, Action& action);
void AddSettingsCommand(CLI::App& app, Action& action);
void AddDoctorCommand(CLI::App& app, Action& action);
void AddCompletionCommand(CLI::App& app, Action& action);

}  // namespace iolite::cli
