#include <CLI/CLI.hpp>

#include "iolite/base/status.h"
#include "iolite/cli/commands.h"
#include "iolite/cli/json.h"
#include "iolite/cli/progress_bar.h"

namespace iolite::cli {
namespace {

// `by_text`: whether a model embeds what one searches for.
void PrintResult(const Console& console, const EmbedResult& result, std::string_view source,
                 bool by_text) {
  if (console.json()) {
    console.Print(ToLine(Json{{"table", result.table},
                              {"rows", result.rows},
                              {"embedded", result.embedded},
                              {"unchanged", result.unchanged},
                              {"hidden", result.hidden},
                              {"failed", result.failed},
                              {"seconds", result.seconds}}));
  } else {
    console.Print(fmt::format("{}", result.table));
    console.Print(fmt::format("{} rows: {} embedded, {} unchanged, {} hidden, {} left out, in {}",
                              GroupDigits(result.rows), GroupDigits(result.embedded),
                              GroupDigits(result.unchanged), GroupDigits(result.hidden),
                              GroupDigits(result.failed), FormatDuration(result.seconds)));
  }
  if (result.failed > 0) {
    console.Note(
        fmt::format("{} no vector: iolite jobs show {} --errors",
                    result.failed == 1 ? "1 row has" : GroupDigits(result.failed) + " rows have",
                    result.job_id));
  }
  console.Note(fmt::format("Search it: iolite search {} {}", source,
                           by_text ? "\"…\"" : "--like KEY, or --vector \"[…]\""));
}

int RunEmbed(const Console& console, const EmbedOptions& options) {
  auto engine = console.OpenEngine(Access::kReadWrite);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  Result<EmbedResult> result = [&] {
    ProgressBar bar(console, "rows");
    return (*engine)->Embed(options, {.cancel = InterruptToken(), .progress = bar.callback()});
  }();
  if (!result.ok()) {
    int code = console.Fail(result.status());
    if (result.status().code() == StatusCode::kCancelled) {
      console.Note("What is finished is kept: the same command continues from there.");
    }
    return code;
  }
  PrintResult(console, *result, options.source, true);
  return kExitOk;
}

int RunImport(const Console& console, const ImportOptions& options) {
  auto engine = console.OpenEngine(Access::kReadWrite);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  Result<EmbedResult> result = [&] {
    ProgressBar bar(console, "rows");
    return (*engine)->Import(options, {.cancel = InterruptToken(), .progress = bar.callback()});
  }();
  IOLITE_CLI_RETURN_IF_ERROR(console, result.status());
  PrintResult(console, *result, options.source, !options.model.empty());
  return kExitOk;
}

}  // namespace

void AddEmbedCommand(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("embed", "Embed the text of a source as a job");
  auto options = std::make_shared<EmbedOptions>();
  command->add_option("SOURCE", options->source, "Source or SQL table")->required();
  command->add_option("-m,--model", options->model, "Model: an id, local:DIR or a path")
      ->required();
  command
      ->add_option("-c,--columns", options->columns,
                   "Text columns, joined with a space; nulls are skipped")
      ->required()
      ->delimiter(',');
  command->add_option("--key", options->key, "Column that names each row: unique and never null")
      ->required();
  command
      ->add_option("--precision", options->precision,
                   "f32, bf16 or auto (bf16 where the processor has AMX)")
      ->check(CLI::IsMember({"f32", "bf16", "auto"}));
  command->footer(
      "Running it again embeds only new or changed rows. Ctrl-C and `iolite jobs cancel` stop it; "
      "it continues\n"
      "where it stopped.\n\nExamples:\n"
      "  iolite embed papers --model sentence-transformers/all-MiniLM-L6-v2 --columns "
      "title,abstract --key id\n"
      "  iolite embed papers --model local:my-model --columns body --key doi --output json");
  command->callback([options, &action] {
    action = [options](const Console& console) { return RunEmbed(console, *options); };
  });
}

void AddImportCommand(CLI::App& app, Action& action) {
  auto* command =
      app.add_subcommand("import", "Make a result table of vectors that were made elsewhere");
  auto options = std::make_shared<ImportOptions>();
  command
      ->add_option("SOURCE", options->source,
                   "Source they belong to; made of the file where the name is new")
      ->required();
  command->add_option("--vectors", options->vectors_path, "File: .parquet, .arrow, .npy or .fvecs")
      ->required();
  command->add_option("--key", options->key,
                      "Column with the keys; .npy and .fvecs use the row's position");
  command->add_option("--column", options->column, "Column with the vectors")
      ->capture_default_str();
  command->add_option("--metric", options->metric, "How distance is measured")
      ->check(CLI::IsMember({"cosine", "inner_product", "l2", "l1"}))
      ->capture_default_str();
  command->add_option("-m,--model", options->model, "Model that embeds later queries by text");
  command->footer(
      "Examples:\n"
      "  iolite import papers --vectors v.parquet --key id --column vector --metric cosine\n"
      "  iolite import images --vectors base.fvecs --metric l2");
  command->callback([options, &action] {
    action = [options](const Console& console) { return RunImport(console, *options); };
  });
}

}  // namespace iolite::cli
