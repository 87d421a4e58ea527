#include <CLI/CLI.hpp>

#include "iolite/base/clock.h"
#include "iolite/base/status.h"
#include "iolite/cli/commands/eval_commands.h"
#include "iolite/cli/json.h"
#include "iolite/cli/listing.h"
#include "iolite/cli/progress_bar.h"

namespace iolite::cli {
namespace {

Json ToJson(const EvalRunInfo& run) {
  Json json{{"run", run.id},
            {"name", run.name},
            {"task", run.task},
            {"target", run.target},
            {"queries_path", run.queries_path},
            {"judgements", run.judgements},
            {"queries", run.query_count}};
  Json& figures = json["figures"] = Json::object();
  for (const auto& [name, value] : run.figures) figures[name] = value;
  json["options"] = Json::parse(run.options_json, nullptr, false);
  if (json["options"].is_discarded()) json["options"] = nullptr;
  json["created"] = FormatTimestamp(run.created_us);
  return json;
}

int List(const Console& console) {
  auto engine = console.OpenEngine(Access::kReadOnly);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  auto runs = (*engine)->ListEvalRuns();
  IOLITE_CLI_RETURN_IF_ERROR(console, runs.status());
  Listing listing({"run", "task", "name", "queries", "figure", "measured"});
  for (const auto& run : *runs) {
    std::string figure;
    if (!run.figures.empty()) {
      figure = fmt::format("{} {:.4f}", run.figures[0].first, run.figures[0].second);
    }
    listing.Add(ToJson(run), {run.id, run.task, run.name, GroupDigits(run.query_count), figure,
                              FormatTimestamp(run.created_us)});
  }
  listing.Print(console, "No run is kept. Measure one: iolite eval TARGET --queries Q --qrels R");
  return kExitOk;
}

int Show(const Console& console, const std::string& id) {
  auto engine = console.OpenEngine(Access::kReadOnly);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  auto run = (*engine)->ShowEvalRun(id);
  IOLITE_CLI_RETURN_IF_ERROR(console, run.status());
  Json json = ToJson(*run);
  if (!console.json()) {
    // One line for each figure, which a person compares from above to below.
    for (const auto& [name, value] : run->figures) json[name] = fmt::format("{:.4f}", value);
    json.erase("figures");
  }
  PrintRecord(console, json);
  return kExitOk;
}

int Export(const Console& console, const std::string& id, const std::string& path) {
  auto engine = console.OpenEngine(Access::kReadOnly);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  IOLITE_CLI_RETURN_IF_ERROR(console, (*engine)->ExportEvalRun(id, path));
  if (console.json()) {
    console.Print(ToLine(Json{{"run", id}, {"file", path}}));
  } else {
    console.Print(fmt::format("Wrote {} to {}", id, path));
  }
  return kExitOk;
}

int Remove(const Console& console, const std::string& id) {
  auto engine = console.OpenEngine(Access::kReadOnly);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  IOLITE_CLI_RETURN_IF_ERROR(console, (*engine)->RemoveEvalRun(id));
  if (console.json()) {
    console.Print(ToLine(Json{{"run", id}, {"removed", true}}));
  } else {
    console.Print(fmt::format("Removed {}", id));
  }
  return kExitOk;
}

}  // namespace

void AddEvalRunCommands(CLI::App& eval, Action& action) {
  eval.add_subcommand("list", "List runs that were kept, newest first")
      ->footer("Example:\n  iolite eval list --output json")
      ->callback([&action] { action = List; });

  auto id = std::make_shared<std::string>();
  auto* show = eval.add_subcommand("show", "Show one run that was kept");
  show->add_option("RUN", *id, "Id, from `iolite eval list`")->required();
  show->footer("Example:\n  iolite eval show eval-1f2e3d4c");
  show->callback(
      [id, &action] { action = [id](const Console& console) { return Show(console, *id); }; });

  auto path = std::make_shared<std::string>();
  auto* write = eval.add_subcommand("export", "Write a run that was kept as a TREC run file");
  write->add_option("RUN", *id, "Id, from `iolite eval list`")->required();
  write->add_option("FILE", *path, "Is replaced where it exists")->required();
  write->footer("Example:\n  iolite eval export eval-1f2e3d4c papers.run");
  write->callback([id, path, &action] {
    action = [id, path](const Console& console) { return Export(console, *id, *path); };
  });

  auto* remove = eval.add_subcommand("remove", "Forget a run");
  remove->add_option("RUN", *id, "Id, from `iolite eval list`")->required();
  remove->footer("Example:\n  iolite eval remove eval-1f2e3d4c");
  remove->callback(
      [id, &action] { action = [id](const Console& console) { return Remove(console, *id); }; });
}

}  // namespace iolite::cli
