#include <algorithm>
#include <cctype>

#include <CLI/CLI.hpp>

#include "iolite/base/status.h"
#include "iolite/cli/commands.h"
#include "iolite/cli/progress_bar.h"
#include "iolite/cli/rows_output.h"

namespace iolite::cli {
namespace {

// Whether the text plainly only reads, so that it need not take the right to write from others.
bool OnlyReads(std::string sql) {
  std::transform(sql.begin(), sql.end(), sql.begin(),
                 [](unsigned char c) { return std::toupper(c); });
  size_t start = sql.find_first_not_of(" \t\r\n(");
  size_t end = sql.find_last_not_of("; \t\r\n");
  if (start == std::string::npos || sql.find(';') < end) return false;
  for (std::string_view word : {"SELECT", "FROM", "DESCRIBE", "SHOW", "SUMMARIZE", "VALUES"}) {
    if (std::string_view(sql).substr(start).starts_with(word)) return true;
  }
  return false;
}

int Run(const Console& console, const std::string& sql) {
  bool only_reads = OnlyReads(sql);
  auto engine =
      console.OpenEngine(only_reads ? Access::kReadOnly : Access::kReadWriteIfFree, !only_reads);
  IOLITE_CLI_RETURN_IF_ERROR(console, engine.status());
  auto rows = (*engine)->Sql(sql, {.cancel = InterruptToken()});
  IOLITE_CLI_RETURN_IF_ERROR(console, rows.status());
  IOLITE_CLI_RETURN_IF_ERROR(console, PrintRows(console, std::move(rows).value()));
  return kExitOk;
}

}  // namespace

void AddSqlCommand(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("sql", "Query sources, result tables and SQL tables");
  auto sql = std::make_shared<std::string>();
  command->add_option("SQL", *sql, "One statement, or several separated by `;`")->required();
  command->footer(
      "Sources are tables by their name. Result tables are written in double quotes. Models and "
      "indexes are\n"
      "functions: embed('M', text), nearest('papers', vector, k), search('papers', 'text', k := "
      "10).\n\n"
      "Examples:\n"
      "  iolite sql \"SELECT year, count(*) FROM papers GROUP BY year\"\n"
      "  iolite sql \"SELECT title, score FROM search('papers', 'birds', k := 5)\" --output csv\n"
      "  iolite sql \"SELECT * FROM papers\" --output parquet=all.parquet\n"
      "  iolite sql \"CREATE TABLE notes (id INT, body TEXT); INSERT INTO notes VALUES (1, "
      "'first')\"");
  command->callback(
      [sql, &action] { action = [sql](const Console& console) { return Run(console, *sql); }; });
}

}  // namespace iolite::cli
