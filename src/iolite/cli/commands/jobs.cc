#include <CLI/CLI.hpp>

#include "iolite/base/clock.h"
#include "iolite/base/status.h"
#include "iolite/cli/commands.h"
#include "iolite/cli/json.h"
#include "iolite/cli/listing.h"
#include "iolite/cli/progress_bar.h"

namespace iolite::cli {
namespace {

Json ToJson(const JobInfo& job) {
  Json json{{"id", job.id},
            {"kind", job.kind},
            {"target", job.target},
            {"table", job.table},
            {"state", job.state},
            {"rows_done", job.rows_done},
            {"rows_total", job.rows_total},
            {"error", job.error},
            {"created", FormatTimestamp(job.created_us)},
            {"updated", FormatTimestamp(job.updated_us)}};
  json["finished"] = job.finished_us > 0 ? Json(FormatTimestamp(job.finished_us)) : Json(nullptr);
  json["result"] = Json::parse(job.result_json, nullptr, false);
  if (json["result"].is_discarded()) json["result"] = nullptr;
  return json;
}

int List(const Console& console) {
  auto engine = console.OpenEngine(Access::kReadOnly);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  auto jobs = (*engine)->ListJobs();
  IOLITE_CLI_RETURN_IF_ERROR(console, jobs.status());
  Listing listing({"id", "kind", "target", "state", "rows", "started", "error"});
  for (const auto& job : *jobs) {
    listing.Add(ToJson(job),
                {job.id, job.kind, job.target, job.state,
                 fmt::format("{}/{}", GroupDigits(job.rows_done), GroupDigits(job.rows_total)),
                 FormatTimestamp(job.created_us), job.error});
  }
  listing.Print(console,
                "No job has run. Start one: iolite embed SOURCE --model M --columns C --key K");
  return kExitOk;
}

int ShowErrors(const Console& console, Engine& engine, const std::string& id) {
  auto errors = engine.ListJobErrors(id);
  IOLITE_CLI_RETURN_IF_ERROR(console, errors.status());
  Listing listing({"row", "reason"});
  for (const auto& error : *errors) {
    listing.Add(Json{{"row_id", error.row_id}, {"reason", error.reason}},
                {error.row_id, error.reason});
  }
  listing.Print(console, "No row failed.");
  return kExitOk;
}

int Show(const Console& console, const std::string& id, bool errors) {
  auto engine = console.OpenEngine(Access::kReadOnly);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  if (errors) return ShowErrors(console, **engine, id);
  auto job = (*engine)->ShowJob(id);
  IOLITE_CLI_RETURN_IF_ERROR(console, job.status());
  PrintRecord(console, ToJson(*job));
  return kExitOk;
}

int Cancel(const Console& console, const std::string& id) {
  auto engine = console.OpenEngine(Access::kReadOnly);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  IOLITE_CLI_RETURN_IF_ERROR(console, (*engine)->CancelJob(id));
  if (console.json()) {
    console.Print(ToLine(Json{{"id", id}, {"cancel_requested", true}}));
  } else {
    console.Print(fmt::format("Asked job {} to stop; it ends at its next step.", id));
  }
  return kExitOk;
}

}  // namespace

void AddJobsCommand(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("jobs", "List, show and cancel jobs");
  command->require_subcommand(1);
  command->footer(
      "Examples:\n  iolite jobs list\n  iolite jobs show J --errors\n  iolite jobs cancel J");
  command->add_subcommand("list", "List jobs, newest first")
      ->footer("Example:\n  iolite jobs list --output json")
      ->callback([&action] { action = List; });

  auto id = std::make_shared<std::string>();
  auto errors = std::make_shared<bool>(false);
  auto* show = command->add_subcommand("show", "Show one job");
  show->add_option("JOB", *id, "Id, from `iolite jobs list`")->required();
  show->add_flag("--errors", *errors, "List each row that was left out, with the reason");
  show->footer("Example:\n  iolite jobs show embed-1f2e3d4c --errors");
  show->callback([id, errors, &action] {
    action = [id, errors](const Console& console) { return Show(console, *id, *errors); };
  });

  auto* cancel =
      command->add_subcommand("cancel", "Ask a running job to stop, also one of another process");
  cancel->add_option("JOB", *id, "Id, from `iolite jobs list`")->required();
  cancel->footer("Example:\n  iolite jobs cancel embed-1f2e3d4c");
  cancel->callback(
      [id, &action] { action = [id](const Console& console) { return Cancel(console, *id); }; });
}

}  // namespace iolite::cli
