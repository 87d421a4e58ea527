#include <chrono>
#include <cstdlib>

#include <CLI/CLI.hpp>

#include "iolite/base/clock.h"
#include "iolite/base/status.h"
#include "iolite/cli/commands.h"
#include "iolite/cli/hits_output.h"
#include "iolite/cli/pool_options.h"
#include "iolite/cli/progress_bar.h"
#include "iolite/cli/query_file.h"

namespace iolite::cli {
namespace {

struct SearchArguments {
  SearchOptions options;
  std::string text;
  std::string vector;
  std::string like;
  std::string queries_path;
  int32_t thread_count = 0;
  bool explain = false;
  bool ids_only = false;
};

// What CLI11's own check says when a number is below 0 ends in one of 309 digits.
std::string NotNegative(const std::string& text) {
  return text.starts_with('-') ? "must be 0 or more, not " + text : "";
}

// Numbers between optional brackets, separated by commas or blanks: `[0.1, 0.2]`.
Result<std::vector<float>> ParseVector(const std::string& text) {
  std::vector<float> vector;
  const char* at = text.c_str();
  while (*at != '\0') {
    if (std::string_view("[], \t\n").find(*at) != std::string_view::npos) {
      ++at;
      continue;
    }
    char* end = nullptr;
    float value = std::strtof(at, &end);
    if (end == at) {
      return InvalidArgument(
          "--vector: {:?} at position {} is no number; write it as [0.1, 0.2, …]",
          std::string(at).substr(0, 12), at - text.c_str());
    }
    vector.push_back(value);
    at = end;
  }
  return vector;
}

Result<SearchQuery> MakeQuery(const SearchArguments& arguments) {
  SearchQuery query;
  if (!arguments.vector.empty()) {
    IOLITE_ASSIGN_OR_RETURN(query.vector, ParseVector(arguments.vector));
  } else if (!arguments.like.empty()) {
    query.like_id = arguments.like;
  } else {
    query.text = arguments.text;
  }
  return query;
}

int RunOne(const Console& console, Engine& engine, const SearchArguments& arguments) {
  auto query = MakeQuery(arguments);
  IOLITE_CLI_RETURN_IF_ERROR(console, query.status());
  SearchOptions options = arguments.options;
  options.query = std::move(query).value();
  auto result = engine.Search(options, {.cancel = InterruptToken()});
  IOLITE_CLI_RETURN_IF_ERROR(console, result.status());
  for (const auto& warning : result->warnings) console.Warn(warning);
  if (arguments.explain) PrintExplanation(*result);
  IOLITE_CLI_RETURN_IF_ERROR(console, PrintHits(console, std::move(result).value()));
  return kExitOk;
}

int RunBatch(const Console& console, Engine& engine, const SearchArguments& arguments) {
  auto file = ReadQueryFile(engine, arguments.queries_path);
  IOLITE_CLI_RETURN_IF_ERROR(console, file.status());
  SearchOptions options = arguments.options;
  // A batch answers ids and scores; rows only where somebody asked for columns.
  options.fetch_rows = !options.select.empty();
  Clock& clock = Clock::System();
  int64_t start_ns = clock.monotonic_ns();
  auto results = engine.SearchBatch(options, file->queries, arguments.thread_count,
                                    {.cancel = InterruptToken()});
  IOLITE_CLI_RETURN_IF_ERROR(console, results.status());
  double seconds = static_cast<double>(clock.monotonic_ns() - start_ns) * 1e-9;
  if (!results->empty()) {
    for (const auto& warning : results->front().warnings) console.Warn(warning);
  }
  console.Note(fmt::format(
      "{} queries in {}: {} queries/s", GroupDigits(static_cast<int64_t>(file->ids.size())),
      FormatDuration(seconds),
      GroupDigits(static_cast<int64_t>(static_cast<double>(file->ids.size()) / seconds))));
  IOLITE_CLI_RETURN_IF_ERROR(console, PrintBatch(console, file->ids, std::move(results).value()));
  return kExitOk;
}

int Run(const Console& console, const SearchArguments& arguments) {
  auto engine = console.OpenEngine(Access::kReadOnly);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  return arguments.queries_path.empty() ? RunOne(console, **engine, arguments)
                                        : RunBatch(console, **engine, arguments);
}

void CheckOneQuery(const SearchArguments& arguments) {
  int given = !arguments.text.empty() + !arguments.vector.empty() + !arguments.like.empty() +
              !arguments.queries_path.empty();
  if (given == 1) return;
  throw CLI::ValidationError(
      "search", given == 0 ? "Say what to search for: a TEXT, --vector, --like or --queries"
                           : "Give only one of TEXT, --vector, --like and --queries");
}

void AddOptions(CLI::App& command, SearchArguments& arguments) {
  auto& options = arguments.options;
  command
      .add_option("SOURCE", options.source,
                  "Source or SQL table (its newest result table answers), or a result table")
      ->required();
  command.add_option("TEXT", arguments.text, "What to search for; the table's own model embeds it");
  command.add_option("--vector", arguments.vector, "Search by a vector: [0.1, 0.2, …]");
  command.add_option("--like", arguments.like, "Search for rows like the one with this key");
  command.add_option("--queries", arguments.queries_path,
                     "A file of many: a column `text` or `vector`, ids in `_id` or `id`");
  command.add_option("-k", options.k, "How many hits; fewer only when fewer rows match")
      ->check(NotNegative)
      ->capture_default_str();
  command.add_option("-w,--where", options.where,
                     "Any SQL condition over the source; decides before ranking");
  command.add_option("-s,--select", options.select, "Columns of the source; all when not given")
      ->delimiter(',');
  command.add_flag("--ids-only", arguments.ids_only, "Only ids and scores: the source is not read");
  command.add_flag("--exact", options.exact, "Scan instead of using the index");
  AddPoolOptions(command, options.ef, options.target_recall);
  command.add_option("--threads", arguments.thread_count, "Threads of a batch; 0 takes all")
      ->check(NotNegative);
  command.add_flag("--explain", arguments.explain, "Tell on stderr how the answer was found");
}

}  // namespace

void AddSearchCommand(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("search", "Find rows by meaning, with filters");
  auto arguments = std::make_shared<SearchArguments>();
  AddOptions(*command, *arguments);
  command->footer(
      "Examples:\n"
      "  iolite search papers \"birds that cannot fly\" -k 10 --where \"year > 2000\" --select "
      "id,title\n"
      "  iolite search papers --like W17 -k 5\n"
      "  iolite search papers --vector \"[0.1, 0.2]\" --output json\n"
      "  iolite search papers --queries q.parquet -k 10 --threads 1 --output parquet=hits.parquet");
  command->callback([arguments, &action] {
    CheckOneQuery(*arguments);
    arguments->options.fetch_rows = !arguments->ids_only;
    action = [arguments](const Console& console) { return Run(console, *arguments); };
  });
}

}  // namespace iolite::cli
