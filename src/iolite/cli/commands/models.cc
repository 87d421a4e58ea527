#include <CLI/CLI.hpp>

#include "iolite/base/status.h"
#include "iolite/cli/commands.h"
#include "iolite/cli/json.h"
#include "iolite/cli/listing.h"
#include "iolite/cli/progress_bar.h"

namespace iolite::cli {
namespace {

Json ToJson(const ModelInfo& model) {
  return {{"id", model.id},
          {"architecture", model.architecture},
          {"dimension", model.dimension},
          {"tokens_max", model.token_count_max},
          {"parameters", model.parameter_count},
          {"normalized", model.normalized},
          {"metric", model.metric},
          {"precision", model.precision},
          {"origin", model.origin},
          {"revision", model.revision},
          {"content_hash", model.content_hash},
          {"path", model.path},
          {"problem", model.problem}};
}

int Pull(const Console& console, const std::string& id, const std::string& revision) {
  auto engine = console.OpenEngine(Access::kReadWrite);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  Result<ModelInfo> model = [&] {
    ProgressBar bar(console, "bytes");
    return (*engine)->PullModel(id, revision,
                                {.cancel = InterruptToken(), .progress = bar.callback()});
  }();
  IOLITE_CLI_RETURN_IF_ERROR(console, model.status());
  PrintRecord(console, ToJson(*model));
  if (!model->problem.empty()) console.Warn("this engine cannot run it: " + model->problem);
  return kExitOk;
}

int List(const Console& console) {
  auto engine = console.OpenEngine(Access::kReadOnly);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  auto models = (*engine)->ListModels();
  IOLITE_CLI_RETURN_IF_ERROR(console, models.status());
  Listing listing({"id", "architecture", "dimension", "tokens", "parameters", "path"});
  for (const auto& model : *models) {
    listing.Add(ToJson(model),
                {model.id, model.problem.empty() ? model.architecture : "cannot run",
                 fmt::format("{}", model.dimension), fmt::format("{}", model.token_count_max),
                 GroupDigits(model.parameter_count), model.path});
  }
  listing.Print(
      console,
      "No model was pulled. Pull one: iolite models pull sentence-transformers/all-MiniLM-L6-v2");
  return kExitOk;
}

int Show(const Console& console, const std::string& id) {
  auto engine = console.OpenEngine(Access::kReadOnly);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  auto model = (*engine)->ShowModel(id);
  IOLITE_CLI_RETURN_IF_ERROR(console, model.status());
  PrintRecord(console, ToJson(*model));
  return kExitOk;
}

int Export(const Console& console, const std::string& id, const std::string& path) {
  auto engine = console.OpenEngine(Access::kReadOnly);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  IOLITE_CLI_RETURN_IF_ERROR(console, (*engine)->ExportModel(id, path));
  if (console.json()) {
    console.Print(ToLine(Json{{"model", id}, {"onnx", path}}));
  } else {
    console.Print(fmt::format("Wrote {}.", path));
  }
  return kExitOk;
}

int Remove(const Console& console, const std::string& id) {
  auto engine = console.OpenEngine(Access::kReadWrite);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  IOLITE_CLI_RETURN_IF_ERROR(console, (*engine)->RemoveModel(id));
  if (console.json()) {
    console.Print(ToLine(Json{{"removed", id}}));
  } else {
    console.Print(fmt::format("Removed model {}.", id));
  }
  return kExitOk;
}

}  // namespace

void AddModelsCommand(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("models", "Find, fetch and inspect models");
  command->require_subcommand(1);
  command->footer(
      "Examples:\n  iolite models pull sentence-transformers/all-MiniLM-L6-v2\n"
      "  iolite models show local:my-model");
  auto id = std::make_shared<std::string>();
  auto revision = std::make_shared<std::string>();

  auto* pull = command->add_subcommand(
      "pull", "Find a model or download it from the hub, and keep it by its id");
  pull->add_option("MODEL", *id, "Id on the hub, local:DIR or a path")->required();
  pull->add_option("--revision", *revision, "Branch, tag or commit; pinned to a commit");
  pull->footer(
      "HF_TOKEN is sent to the hub for private models.\n\nExamples:\n"
      "  iolite models pull sentence-transformers/all-MiniLM-L6-v2\n  iolite models pull "
      "local:my-model");
  pull->callback([id, revision, &action] {
    action = [id, revision](const Console& console) { return Pull(console, *id, *revision); };
  });

  command->add_subcommand("list", "List the models that were pulled")
      ->footer("Example:\n  iolite models list --output json")
      ->callback([&action] { action = List; });

  auto* show = command->add_subcommand("show", "Show what a model is and whether it runs here");
  show->add_option("MODEL", *id, "Id, local:DIR or a path")->required();
  show->footer("Example:\n  iolite models show sentence-transformers/all-MiniLM-L6-v2");
  show->callback(
      [id, &action] { action = [id](const Console& console) { return Show(console, *id); }; });

  auto path = std::make_shared<std::string>();
  auto* export_command =
      command->add_subcommand("export", "Write a model as one ONNX file for other runtimes");
  export_command->add_option("MODEL", *id, "Id, local:DIR or a path")->required();
  export_command->add_option("--onnx", *path, "File to write; replaced when it exists")->required();
  export_command->footer("Example:\n  iolite models export local:my-model --onnx my-model.onnx");
  export_command->callback([id, path, &action] {
    action = [id, path](const Console& console) { return Export(console, *id, *path); };
  });

  auto* remove =
      command->add_subcommand("remove", "Forget a model; files that were downloaded for it go too");
  remove->add_option("MODEL", *id, "Id")->required();
  remove->footer("Example:\n  iolite models remove sentence-transformers/all-MiniLM-L6-v2");
  remove->callback(
      [id, &action] { action = [id](const Console& console) { return Remove(console, *id); }; });
}

}  // namespace iolite::cli
