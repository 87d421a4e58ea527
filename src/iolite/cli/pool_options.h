#pragma once

#include <cstdint>

namespace CLI {
class App;
}

namespace iolite::cli {

/// Adds `--ef` and `--target-recall`, of which one can be given.
void AddPoolOptions(CLI::App& command, int64_t& ef, double& target_recall);

}  // namespace iolite::cli
