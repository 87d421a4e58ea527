#include <cstdlib>

#include <CLI/CLI.hpp>

#include "iolite/cli/commands.h"
#include "iolite/cli/console.h"

namespace iolite::cli {
namespace {

constexpr const char* kAbout =
    "Iolite: SQL, vectors and models in one engine.\n\n"
    "Register files, query them with SQL, embed their text, and search it by meaning.";

constexpr const char* kExamples =
    "A first session:\n"
    "  iolite sources add papers papers.parquet\n"
    "  iolite sql \"SELECT count(*) FROM papers\"\n"
    "  iolite models pull sentence-transformers/all-MiniLM-L6-v2\n"
    "  iolite embed papers --model sentence-transformers/all-MiniLM-L6-v2 --columns title,abstract "
    "--key id\n"
    "  iolite search papers \"birds that cannot fly\" -k 5\n\n"
    "`iolite COMMAND --help` shows the options of a command with examples.";

bool KnownFormat(const std::string& output) {
  return output == "table" || output == "csv" || output == "json" || output == "jsonl" ||
         (output.starts_with("parquet=") && output.size() > std::string("parquet=").size());
}

void AddGlobalOptions(CLI::App& app, Console& console) {
  app.add_option("--db", console.database_path, "Database folder; made on first use")
      ->envname("IOLITE_DB")
      ->default_str("iolite-data");
  app.add_option("-o,--output", console.output, "table, json, jsonl, csv or parquet=FILE")
      ->check([](const std::string& output) {
        return KnownFormat(output)
                   ? std::string()
                   : "Unknown output '" + output + "': use table, json, jsonl, csv or parquet=FILE";
      });
  app.add_option("--set", console.settings, "A setting for this call: section.key=value")
      ->take_all()
      ->allow_extra_args(false);
  app.add_flag("-q,--quiet", console.quiet, "No progress and no notes on stderr");
  app.set_version_flag("--version", "iolite " IOLITE_VERSION);
}

void AddCommands(CLI::App& app, Action& action) {
  AddSourcesCommand(app, action);
  AddSqlCommand(app, action);
  AddModelsCommand(app, action);
  AddEmbedCommand(app, action);
  AddImportCommand(app, action);
  AddSearchCommand(app, action);
  AddEvalCommand(app, action);
  AddTablesCommand(app, action);
  AddJobsCommand(app, action);
  AddSettingsCommand(app, action);
  AddDoctorCommand(app, action);
  AddCompletionCommand(app, action);
}

// Global options may stand before or after the command: `iolite sources list --output json`.
void LetGlobalsStandAnywhere(CLI::App& app) {
  for (auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    sub->fallthrough();
    LetGlobalsStandAnywhere(*sub);
  }
}

int Main(int argc, char** argv) {
  CLI::App app(kAbout, "iolite");
  Console console{.database_path = "iolite-data"};
  Action action;
  app.require_subcommand(1);
  app.footer(kExamples);
  AddGlobalOptions(app, console);
  AddCommands(app, action);
  LetGlobalsStandAnywhere(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // --help and --version are no mistakes; everything else is wrong use.
    return app.exit(error) == 0 ? kExitOk : kExitWrongUse;
  }
  return action(console);
}

}  // namespace
}  // namespace iolite::cli

int main(int argc, char** argv) { return iolite::cli::Main(argc, argv); }
