#include <CLI/CLI.hpp>

#include "iolite/base/status.h"
#include "iolite/cli/commands.h"
#include "iolite/cli/json.h"
#include "iolite/cli/listing.h"

namespace iolite::cli {
namespace {

int List(const Console& console) {
  auto engine = console.OpenEngine(Access::kReadOnly);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  Listing listing({"key", "value", "from", "what it does"});
  for (const auto& setting : (*engine)->ListSettings()) {
    listing.Add(Json{{"key", setting.key},
                     {"value", setting.value},
                     {"origin", setting.origin},
                     {"description", setting.description}},
                {setting.key, setting.value, setting.origin, setting.description});
  }
  listing.Print(console, "");
  return kExitOk;
}

int Diagnose(const Console& console) {
  auto engine = console.OpenEngine(Access::kReadOnly);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  auto findings = (*engine)->Diagnose();
  IOLITE_CLI_RETURN_IF_ERROR(console, findings.status());
  Listing listing({"what", "state", "detail"});
  bool failed = false;
  for (const auto& finding : *findings) {
    failed = failed || finding.level == "error";
    listing.Add(Json{{"name", finding.name}, {"level", finding.level}, {"detail", finding.detail}},
                {finding.name, finding.level, finding.detail});
  }
  listing.Print(console, "");
  return failed ? kExitFailed : kExitOk;
}

}  // namespace

void AddSettingsCommand(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("settings", "Show the settings");
  command->require_subcommand(1);
  command->footer(
      "Settings come from iolite.toml in the database folder, from IOLITE_SECTION__KEY, and from "
      "--set.\n\n"
      "Example:\n  iolite settings list");
  command->add_subcommand("list", "List every setting, its value and where that comes from")
      ->footer("Examples:\n  iolite settings list\n  IOLITE_THREADS__COUNT=1 iolite settings list")
      ->callback([&action] { action = List; });
}

void AddDoctorCommand(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand(
      "doctor", "Tell what this machine and this database can do, and what is wrong");
  command->footer(
      "Exit code 1 when something is broken.\n\nExample:\n  iolite doctor --output json");
  command->callback([&action] { action = Diagnose; });
}

}  // namespace iolite::cli
