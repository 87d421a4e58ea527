#include <CLI/CLI.hpp>

#include "iolite/base/clock.h"
#include "iolite/base/status.h"
#include "iolite/cli/commands.h"
#include "iolite/cli/json.h"
#include "iolite/cli/listing.h"
#include "iolite/cli/progress_bar.h"

namespace iolite::cli {
namespace {

Json ToJson(const TableInfo& table) {
  return {{"name", table.name},
          {"source", table.source},
          {"task", table.task},
          {"model", table.model},
          {"key", table.key},
          {"columns", table.columns},
          {"metric", table.metric},
          {"precision", table.precision},
          {"dimension", table.dimension},
          {"rows", table.row_count},
          {"hidden", table.hidden_count},
          {"segments", table.segment_count},
          {"bytes", table.size_bytes},
          {"index", table.index},
          {"problem", table.problem},
          {"created", FormatTimestamp(table.created_us)}};
}

int List(const Console& console) {
  auto engine = console.OpenEngine(Access::kReadOnly);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  auto tables = (*engine)->ListTables();
  IOLITE_CLI_RETURN_IF_ERROR(console, tables.status());
  Listing listing({"name", "source", "rows", "dimension", "index", "size", "problem"});
  for (const auto& table : *tables) {
    listing.Add(ToJson(table), {table.name, table.source, GroupDigits(table.row_count),
                                fmt::format("{}", table.dimension), table.index,
                                FormatBytes(table.size_bytes), table.problem});
  }
  listing.Print(
      console,
      "There are no result tables. Make one: iolite embed SOURCE --model M --columns C --key K");
  return kExitOk;
}

int Describe(const Console& console, const std::string& name) {
  auto engine = console.OpenEngine(Access::kReadOnly);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  auto table = (*engine)->DescribeTable(name);
  IOLITE_CLI_RETURN_IF_ERROR(console, table.status());
  PrintRecord(console, ToJson(*table));
  return kExitOk;
}

int Verify(const Console& console, const std::string& name) {
  auto engine = console.OpenEngine(Access::kReadOnly);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  auto findings = (*engine)->VerifyTable(name, {.cancel = InterruptToken()});
  IOLITE_CLI_RETURN_IF_ERROR(console, findings.status());
  Listing listing({"file", "what"});
  bool fatal = false;
  for (const auto& finding : *findings) {
    fatal = fatal || finding.fatal;
    listing.Add(
        Json{{"file", finding.file}, {"problem", finding.problem}, {"fatal", finding.fatal}},
        {finding.file, finding.problem});
  }
  listing.Print(console, "Every byte is as it was written.");
  if (!findings->empty()) {
    console.Note(
        fatal ? "Rows are damaged: restore the file from a backup, or embed again."
              : fmt::format("The rows are sound; rebuild the rest: iolite tables repair {}", name));
  }
  return findings->empty() ? kExitOk : kExitFailed;
}

int Repair(const Console& console, const std::string& name) {
  auto engine = console.OpenEngine(Access::kReadWrite);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  ProgressBar bar(console, "rows");
  IOLITE_CLI_RETURN_IF_ERROR(console, (*engine)->RepairTable(name, {.cancel = InterruptToken(),
                                                                    .progress = bar.callback()}));
  if (console.json()) {
    console.Print(ToLine(Json{{"repaired", name}}));
  } else {
    console.Print(fmt::format("Repaired {}.", name));
  }
  return kExitOk;
}

int Drop(const Console& console, const std::string& name) {
  auto engine = console.OpenEngine(Access::kReadWrite);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  IOLITE_CLI_RETURN_IF_ERROR(console, (*engine)->DropTable(name));
  if (console.json()) {
    console.Print(ToLine(Json{{"dropped", name}}));
  } else {
    console.Print(fmt::format("Dropped {}.", name));
  }
  return kExitOk;
}

void AddOne(CLI::App& command, Action& action, const std::string& verb, const std::string& help,
            const std::string& example, int (*run)(const Console&, const std::string&)) {
  auto name = std::make_shared<std::string>();
  auto* subcommand = command.add_subcommand(verb, help);
  subcommand
      ->add_option("TABLE", *name,
                   "Result table; a source's name stands for its newest one, except to drop")
      ->required();
  subcommand->footer("Example:\n  iolite tables " + example);
  subcommand->callback([name, run, &action] {
    action = [name, run](const Console& console) { return run(console, *name); };
  });
}

}  // namespace

void AddTablesCommand(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("tables", "List, check and drop result tables");
  command->require_subcommand(1);
  command->footer("Examples:\n  iolite tables list\n  iolite tables verify papers");
  command->add_subcommand("list", "List result tables, newest first")
      ->footer("Example:\n  iolite tables list --output json")
      ->callback([&action] { action = List; });
  AddOne(*command, action, "describe", "Show what made a table and what it holds",
         "describe papers", Describe);
  AddOne(*command, action, "verify",
         "Recompute every checksum; exit code 1 when something is damaged", "verify papers",
         Verify);
  AddOne(*command, action, "repair", "Rebuild indexes that are missing or damaged", "repair papers",
         Repair);
  AddOne(*command, action, "drop", "Delete a result table and its files",
         "drop papers__embedding__all-MiniLM-L6-v2__20261121T140307Z_1f2e3d4c", Drop);
}

}  // namespace iolite::cli
