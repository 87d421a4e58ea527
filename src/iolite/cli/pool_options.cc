#include "iolite/cli/pool_options.h"

#include <cstdlib>

#include <CLI/CLI.hpp>

namespace iolite::cli {
namespace {

std::string RecallShare(const std::string& text) {
  char* end = nullptr;
  const double share = std::strtod(text.c_str(), &end);
  const bool fits = end != text.c_str() && *end == '\0' && share > 0 && share <= 1;
  return fits ? "" : "is a share such as 0.95, above 0 and up to 1, not " + text;
}

}  // namespace

void AddPoolOptions(CLI::App& command, int64_t& ef, double& target_recall) {
  auto* pool =
      command.add_option("--ef", ef, "Candidate pool of the index: more is slower and finds more")
          ->check(CLI::PositiveNumber);
  command
      .add_option("--target-recall", target_recall,
                  "Share of the true neighbours to find: the index chooses its pool by it")
      ->check(RecallShare)
      ->excludes(pool);
}

}  // namespace iolite::cli
