#include <CLI/CLI.hpp>

#include "iolite/base/clock.h"
#include "iolite/base/status.h"
#include "iolite/cli/commands.h"
#include "iolite/cli/json.h"
#include "iolite/cli/listing.h"
#include "iolite/cli/progress_bar.h"

namespace iolite::cli {
namespace {

Json ToJson(const SourceInfo& source) {
  Json columns = Json::array();
  for (const auto& column : source.columns) {
    columns.push_back({{"name", column.name}, {"type", column.type}});
  }
  return {{"name", source.name},        {"format", source.format},
          {"rows", source.row_count},   {"files", source.file_count},
          {"bytes", source.size_bytes}, {"state", source.state},
          {"paths", source.paths},      {"columns", columns},
          {"tables", source.tables},    {"created", FormatTimestamp(source.created_us)}};
}

int Add(const Console& console, SourceOptions options) {
  auto engine = console.OpenEngine(Access::kReadWrite);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  auto source = (*engine)->AddSource(options, {.cancel = InterruptToken()});
  IOLITE_CLI_RETURN_IF_ERROR(console, source.status());
  if (console.json()) {
    console.Print(ToLine(ToJson(*source)));
  } else {
    console.Print(fmt::format("{}: {} rows, {} columns, {} in {} {}", source->name,
                              GroupDigits(source->row_count), source->columns.size(),
                              FormatBytes(source->size_bytes), source->file_count,
                              source->file_count == 1 ? "file" : "files"));
    console.Note(fmt::format("Query it: iolite sql \"SELECT * FROM {} LIMIT 5\"", source->name));
  }
  return kExitOk;
}

int List(const Console& console) {
  auto engine = console.OpenEngine(Access::kReadOnly);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  auto sources = (*engine)->ListSources();
  IOLITE_CLI_RETURN_IF_ERROR(console, sources.status());
  Listing listing({"name", "format", "rows", "files", "size", "state", "tables"});
  for (const auto& source : *sources) {
    listing.Add(ToJson(source), {source.name, source.format, GroupDigits(source.row_count),
                                 GroupDigits(source.file_count), FormatBytes(source.size_bytes),
                                 source.state, fmt::format("{}", source.tables.size())});
  }
  listing.Print(console, "There are no sources. Add one: iolite sources add NAME FILE");
  return kExitOk;
}

int Describe(const Console& console, const std::string& name) {
  auto engine = console.OpenEngine(Access::kReadOnly);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  auto source = (*engine)->DescribeSource(name);
  IOLITE_CLI_RETURN_IF_ERROR(console, source.status());
  PrintRecord(console, ToJson(*source));
  return kExitOk;
}

int Remove(const Console& console, const std::string& name) {
  auto engine = console.OpenEngine(Access::kReadWrite);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  IOLITE_CLI_RETURN_IF_ERROR(console, (*engine)->RemoveSource(name));
  if (console.json()) {
    console.Print(ToLine(Json{{"removed", name}}));
  } else {
    console.Print(fmt::format("Removed source {}; its files and result tables stay.", name));
  }
  return kExitOk;
}

}  // namespace

void AddSourcesCommand(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("sources", "Register files as tables");
  command->require_subcommand(1);
  command->footer(
      "Examples:\n  iolite sources add papers papers.parquet\n  iolite sources list\n"
      "  iolite sources describe papers");

  auto options = std::make_shared<SourceOptions>();
  auto* add =
      command->add_subcommand("add", "Register files; their schema and row count are read at once");
  add->add_option("NAME", options->name, "What SQL and every command call it")->required();
  add->add_option("FILES", options->paths, "Files, globs or folders of one schema")->required();
  add->add_option("--format", options->format, "Where the ending does not tell")
      ->check(CLI::IsMember({"parquet", "csv", "json", "jsonl"}));
  add->footer(
      "Examples:\n  iolite sources add papers papers.parquet\n  iolite sources add logs "
      "'logs/*.csv'\n"
      "  iolite sources add dump export.txt --format csv");
  add->callback([options, &action] {
    action = [options](const Console& console) { return Add(console, *options); };
  });

  command->add_subcommand("list", "List sources")
      ->footer("Example:\n  iolite sources list --output json")
      ->callback([&action] { action = List; });

  auto name = std::make_shared<std::string>();
  auto* describe =
      command->add_subcommand("describe", "Show columns, files and result tables of a source");
  describe->add_option("NAME", *name, "Source")->required();
  describe->footer("Example:\n  iolite sources describe papers");
  describe->callback([name, &action] {
    action = [name](const Console& console) { return Describe(console, *name); };
  });

  auto* remove = command->add_subcommand("remove", "Forget a source; its files stay");
  remove->add_option("NAME", *name, "Source")->required();
  remove->footer("Example:\n  iolite sources remove papers");
  remove->callback([name, &action] {
    action = [name](const Console& console) { return Remove(console, *name); };
  });
}

}  // namespace iolite::cli
