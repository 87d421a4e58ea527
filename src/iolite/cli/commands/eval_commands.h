#pragma once

#include "iolite/cli/commands.h"

namespace iolite::cli {

/// The commands below `iolite eval`: list, show, export and remove; labels; entities.
void AddEvalRunCommands(CLI::App& eval, Action& action);
void AddEvalLabelsCommand(CLI::App& eval, Action& action);
void AddEvalEntitiesCommand(CLI::App& eval, Action& action);

}  // namespace iolite::cli
