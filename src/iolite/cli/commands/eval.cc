#include <cstdio>

#include <CLI/CLI.hpp>

#include "iolite/base/status.h"
#include "iolite/cli/commands.h"
#include "iolite/cli/json.h"
#include "iolite/cli/pool_options.h"
#include "iolite/cli/progress_bar.h"

namespace iolite::cli {
namespace {

Json Figures(double ndcg, double recall, double map, double mrr, int64_t k) {
  return {{fmt::format("ndcg@{}", k), ndcg},
          {fmt::format("recall@{}", k), recall},
          {fmt::format("map@{}", k), map},
          {fmt::format("mrr@{}", k), mrr}};
}

Json PerQuery(const EvalQueryResult& query, int64_t k) {
  Json json{{"query", query.query_id}};
  json.update(Figures(query.ndcg, query.recall, query.average_precision, query.reciprocal_rank, k));
  json["ranking"] = query.ranking;
  return json;
}

Status WritePerQuery(const std::string& path, const EvalResult& result) {
  FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return ErrnoStatus(errno, "Cannot write " + path);
  for (const auto& query : result.per_query) {
    std::fprintf(file, "%s\n", ToLine(PerQuery(query, result.k)).c_str());
  }
  bool failed = std::ferror(file) != 0;
  if (std::fclose(file) != 0 || failed) return ErrnoStatus(errno, "Cannot write " + path);
  return Status::Ok();
}

void PrintResult(const Console& console, const EvalResult& result) {
  Json figures = Figures(result.ndcg, result.recall, result.map, result.mrr, result.k);
  if (console.json()) {
    Json json{{"queries", result.queries}};
    json.update(figures);
    json["queries_unjudged"] = result.queries_unjudged;
    json["seconds"] = result.seconds;
    return console.Print(ToLine(json));
  }
  console.Print(
      fmt::format("{} queries in {}", GroupDigits(result.queries), FormatDuration(result.seconds)));
  for (const auto& [name, value] : figures.items()) {
    console.Print(fmt::format("{:<10}  {:.4f}", name, value.get<double>()));
  }
  if (result.queries_unjudged > 0) {
    console.Note(
        fmt::format("{} queries have no judgement and do not count.", result.queries_unjudged));
  }
}

int Run(const Console& console, const EvalOptions& options, const std::string& per_query_path) {
  auto engine = console.OpenEngine(Access::kReadOnly);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  Result<EvalResult> result = [&] {
    ProgressBar bar(console, "queries");
    return (*engine)->Evaluate(options, {.cancel = InterruptToken(), .progress = bar.callback()});
  }();
  IOLITE_CLI_RETURN_IF_ERROR(console, result.status());
  if (!per_query_path.empty()) {
    IOLITE_CLI_RETURN_IF_ERROR(console, WritePerQuery(per_query_path, *result));
  }
  PrintResult(console, *result);
  return kExitOk;
}

}  // namespace

void AddEvalCommand(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("eval", "Measure retrieval against judgements");
  auto options = std::make_shared<EvalOptions>();
  auto per_query = std::make_shared<std::string>();
  command->add_option("SOURCE", options->source, "Source, SQL table or result table")->required();
  command
      ->add_option("--queries", options->queries_path,
                   "BEIR's queries.jsonl, lines of id<TAB>text, or TREC topics")
      ->required();
  command->add_option("--qrels", options->qrels_path, "BEIR's qrels tsv, or TREC's")->required();
  command->add_option("-k", options->k, "Cut-off")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--per-query", *per_query,
                      "Write the figures of each query, a JSON object a line");
  command->add_flag("--exact", options->exact, "Scan instead of using the index");
  AddPoolOptions(*command, options->ef, options->target_recall);
  command->footer(
      "Figures are trec_eval's: nDCG with linear gain, recall and MAP over all relevant "
      "documents.\n\n"
      "Example:\n  iolite eval papers --queries queries.jsonl --qrels qrels/test.tsv -k 10 "
      "--per-query per.jsonl");
  command->callback([options, per_query, &action] {
    action = [options, per_query](const Console& console) {
      return Run(console, *options, *per_query);
    };
  });
}

}  // namespace iolite::cli
