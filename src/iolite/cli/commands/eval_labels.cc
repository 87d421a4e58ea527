#include <CLI/CLI.hpp>

#include "iolite/base/status.h"
#include "iolite/cli/commands/eval_commands.h"
#include "iolite/cli/eval_output.h"
#include "iolite/eval/plots.h"

namespace iolite::cli {
namespace {

struct LabelRequest {
  LabelEvalOptions options;
  std::string plot_path;
  bool forget = false;
};

Status WritePlot(const LabelRequest& request, const LabelEvalResult& result) {
  if (request.plot_path.empty()) return Status::Ok();
  if (!result.calibrated) {
    return InvalidArgument(
        "--plot draws how far confidence can be believed, and {} has no column of it: name one "
        "with --confidence",
        request.options.predicted);
  }
  return WriteTextFile(request.plot_path,
                       eval::DrawReliability(result.calibration, request.options.predicted));
}

int MeasureLabels(const Console& console, LabelRequest request) {
  auto engine = console.OpenEngine(Access::kReadOnly);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  request.options.keep = !request.forget;
  auto result = (*engine)->EvaluateLabels(request.options, {.cancel = InterruptToken()});
  IOLITE_CLI_RETURN_IF_ERROR(console, result.status());
  IOLITE_CLI_RETURN_IF_ERROR(console, WritePlot(request, *result));
  PrintLabels(console, *result);
  return kExitOk;
}

int MeasureEntities(const Console& console, EntityEvalOptions options, bool forget) {
  auto engine = console.OpenEngine(Access::kReadOnly);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  options.keep = !forget;
  auto result = (*engine)->EvaluateEntities(options, {.cancel = InterruptToken()});
  IOLITE_CLI_RETURN_IF_ERROR(console, result.status());
  PrintEntities(console, *result);
  return kExitOk;
}

void AddSides(CLI::App& command, std::string& predicted, std::string& truth, std::string& key,
              std::string& truth_key) {
  command.add_option("PREDICTED", predicted, "Source or table of the predictions")->required();
  command.add_option("--truth", truth, "Source or table of what is right")->required();
  command.add_option("--key", key, "Key of the predictions; _row_id or id where none is named");
  command.add_option("--truth-key", truth_key, "Key of the truth; id or _row_id");
}

}  // namespace

void AddEvalLabelsCommand(CLI::App& eval, Action& action) {
  auto* command = eval.add_subcommand(
      "labels", "Measure predicted labels: accuracy, F1, confusion, calibration");
  auto request = std::make_shared<LabelRequest>();
  LabelEvalOptions& options = request->options;
  AddSides(*command, options.predicted, options.truth, options.key, options.truth_key);
  command->add_option("--label", options.label, "Column of the predictions")->capture_default_str();
  command->add_option("--truth-label", options.truth_label, "Column of the truth")
      ->capture_default_str();
  command->add_option("--confidence", options.confidence,
                      "Column of the predictions, 0 to 1; confidence, where there is one");
  command->add_option("--bins", options.bin_count, "Of the reliability diagram")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--plot", request->plot_path, "Draw accuracy against confidence (SVG)");
  command->add_flag("--no-keep", request->forget, "Do not remember the figures in the database");
  command->footer(
      "Example:\n  iolite eval labels predictions --truth labelled --truth-key id --truth-label "
      "topic --plot reliability.svg");
  command->callback([request, &action] {
    action = [request](const Console& console) { return MeasureLabels(console, *request); };
  });
}

void AddEvalEntitiesCommand(CLI::App& eval, Action& action) {
  auto* command = eval.add_subcommand(
      "entities", "Measure predicted entities: precision, recall and F1 as seqeval counts them");
  auto options = std::make_shared<EntityEvalOptions>();
  auto forget = std::make_shared<bool>(false);
  AddSides(*command, options->predicted, options->truth, options->key, options->truth_key);
  command->add_option("--tags", options->tags,
                      "Column of tags of both: a list, or words; tags, where both have it");
  command->add_option("--label", options->label, "Without tags: the column of an entity's type")
      ->capture_default_str();
  command->add_option("--start", options->start, "Without tags: where an entity begins")
      ->capture_default_str();
  command->add_option("--end", options->end, "Without tags: where it ends")->capture_default_str();
  command->add_flag("--no-keep", *forget, "Do not remember the figures in the database");
  command->footer("Example:\n  iolite eval entities predictions --truth annotated --label type");
  command->callback([options, forget, &action] {
    action = [options, forget](const Console& console) {
      return MeasureEntities(console, *options, *forget);
    };
  });
}

}  // namespace iolite::cli
