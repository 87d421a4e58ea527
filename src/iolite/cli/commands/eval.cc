#include <algorithm>

#include <CLI/CLI.hpp>

#include "iolite/base/status.h"
#include "iolite/cli/commands.h"
#include "iolite/cli/commands/eval_commands.h"
#include "iolite/cli/eval_configuration.h"
#include "iolite/cli/eval_output.h"
#include "iolite/cli/pool_options.h"
#include "iolite/cli/progress_bar.h"
#include "iolite/eval/plots.h"

namespace iolite::cli {
namespace {

constexpr const char* kHelp =
    "A target is a source, a table or run:FILE, a run file in TREC's layout or a run that was "
    "kept; after it\n"
    "may stand exact, ef=N, target-recall=SHARE, name=TEXT and, last, where=CONDITION, between "
    "commas.\n"
    "Figures are trec_eval's: nDCG with linear gain, recall and MAP over all relevant "
    "documents.\n\n"
    "Examples:\n"
    "  iolite eval papers --queries queries.jsonl --qrels qrels/test.tsv -k 1,10,100 --per-query "
    "per.jsonl\n"
    "  iolite eval run:bm25.run --qrels qrels/test.tsv\n"
    "  iolite eval --compare papers --compare papers,ef=16,name=fast --compare run:bm25.run \\\n"
    "      --queries queries.jsonl --qrels qrels/test.tsv --cohort year --plot compared.svg\n"
    "  iolite eval list";

/// What the command line said, beside what the engine is told.
struct Request {
  std::string target;
  std::vector<std::string> compared;
  EvalOptions options;
  SearchOptions search;  ///< of the target, where it has no options of its own
  std::string per_query_path;
  std::string export_path;
  std::string plot_path;
  std::string plot_metric;
  bool forget = false;
};

Status ReadConfigurations(Request& request) {
  std::vector<std::string> texts = request.compared;
  if (!request.target.empty()) texts.insert(texts.begin(), request.target);
  for (const auto& text : texts) {
    IOLITE_ASSIGN_OR_RETURN(auto configuration, ParseEvalConfiguration(text));
    SearchOptions& search = configuration.search;
    if (configuration.run.empty()) {
      search.exact |= request.search.exact;
      if (search.ef == 0 && search.target_recall == 0) {
        search.ef = request.search.ef;
        search.target_recall = request.search.target_recall;
      }
    }
    request.options.configurations.push_back(std::move(configuration));
  }
  if (!request.export_path.empty() && texts.size() > 1) {
    return InvalidArgument(
        "--export writes one run, and {} are measured: `iolite eval export RUN FILE` writes each",
        texts.size());
  }
  if (!request.export_path.empty() && request.forget) {
    return InvalidArgument("--export writes the run that is kept: leave --no-keep out");
  }
  return Status::Ok();
}

Status WritePlot(const Request& request, const EvalResult& result) {
  const std::string& metric =
      request.plot_metric.empty() ? result.metrics.front() : request.plot_metric;
  IOLITE_ASSIGN_OR_RETURN(const std::string svg, eval::DrawRetrieval(result, metric));
  return WriteTextFile(request.plot_path, svg);
}

Status WriteFiles(const Request& request, Engine& engine, const EvalResult& result) {
  if (!request.per_query_path.empty()) {
    IOLITE_RETURN_IF_ERROR(WritePerQuery(request.per_query_path, result));
  }
  if (!request.plot_path.empty()) IOLITE_RETURN_IF_ERROR(WritePlot(request, result));
  if (request.export_path.empty()) return Status::Ok();
  const EvalRun& run = result.runs.front();
  if (run.id.empty()) return FailedPrecondition("Nothing to export: the run was not kept");
  return engine.ExportEvalRun(run.id, request.export_path);
}

int Run(const Console& console, Request request) {
  IOLITE_CLI_RETURN_IF_ERROR(console, ReadConfigurations(request));
  auto engine = console.OpenEngine(Access::kReadOnly);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  request.options.keep = !request.forget;
  Result<EvalResult> result = [&] {
    ProgressBar bar(console, "queries");
    return (*engine)->Evaluate(request.options,
                               {.cancel = InterruptToken(), .progress = bar.callback()});
  }();
  IOLITE_CLI_RETURN_IF_ERROR(console, result.status());
  IOLITE_CLI_RETURN_IF_ERROR(console, WriteFiles(request, **engine, *result));
  WarnOfStrangers(console, *result);
  PrintEvaluation(console, request.options, *result);
  return kExitOk;
}

void AddMeasuringOptions(CLI::App& command, Request& request) {
  command.add_option("TARGET", request.target, "Source, SQL table, result table or run:FILE");
  command
      .add_option("--compare", request.compared,
                  "A target with options; each further one stands beside it")
      ->take_all()
      ->allow_extra_args(false);
  command.add_option("--queries", request.options.queries_path,
                     "BEIR's queries.jsonl, lines of id<TAB>text, or TREC topics; runs need none");
  command.add_option("--qrels", request.options.qrels_path, "BEIR's qrels tsv, or TREC's");
  command.add_option("-k", request.options.cutoffs, "Cut-offs, such as 1,10,100")
      ->delimiter(',')
      ->take_all()
      ->allow_extra_args(false)
      ->check(CLI::PositiveNumber)
      ->default_str("10");
  command.add_option("--cohort", request.options.cohort_column,
                     "A column of the queries: figures for each of its values too");
  command.add_option("--per-query", request.per_query_path,
                     "Write the figures of each query, a JSON object a line");
  command.add_option("--export", request.export_path, "Write what was answered as a TREC run file");
  command.add_flag("--exact", request.search.exact, "Scan instead of using the index");
  AddPoolOptions(command, request.search.ef, request.search.target_recall);
}

void AddComparisonOptions(CLI::App& command, Request& request) {
  command.add_option("--plot", request.plot_path,
                     "Draw precision at recall, and how two runs differ query by query (SVG)");
  command.add_option("--plot-metric", request.plot_metric,
                     "What --plot compares, such as ndcg@10; the first one where none is named");
  command
      .add_option("--confidence", request.options.confidence,
                  "Of the intervals of --compare, between 0 and 1")
      ->capture_default_str();
  command
      .add_option("--samples", request.options.resample_count,
                  "Of the bootstrap and the permutation test")
      ->capture_default_str();
  command.add_option("--seed", request.options.seed, "Of both")->capture_default_str();
  command.add_flag("--no-keep", request.forget, "Do not remember the run in the database");
}

/// The rules that a subcommand must not be held to.
void RequireMeasuringOptions(const Request& request) {
  if (request.target.empty() && request.compared.empty()) throw CLI::RequiredError("TARGET");
  if (request.options.qrels_path.empty()) throw CLI::RequiredError("--qrels");
}

}  // namespace

void AddEvalCommand(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand(
      "eval", "Measure retrieval, labels and entities against what is known to be right");
  auto request = std::make_shared<Request>();
  AddMeasuringOptions(*command, *request);
  AddComparisonOptions(*command, *request);
  command->footer(kHelp);
  AddEvalRunCommands(*command, action);
  AddEvalLabelsCommand(*command, action);
  AddEvalEntitiesCommand(*command, action);
  command->callback([command, request, &action] {
    if (!command->get_subcommands().empty()) return;
    RequireMeasuringOptions(*request);
    action = [request](const Console& console) { return Run(console, *request); };
  });
}

}  // namespace iolite::cli
