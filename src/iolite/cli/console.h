#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/engine.h"

namespace iolite::cli {

/// How a command prints what it answers.
enum class Format { kTable, kCsv, kJson, kJsonl, kParquet };

/// What every command has: the global options and the process's three streams. Results go to
/// stdout, progress, warnings and errors to stderr; colours and bars only to a terminal.
class Console {
 public:
  std::string database_path;  ///< --db, IOLITE_DB, or ./iolite-data
  std::string output = "table";
  std::vector<std::string> settings;  ///< key=value, from --set
  bool quiet = false;

  /// Opens the database; prints nothing. `sql_writes` lets SQL change ordinary tables.
  Result<std::unique_ptr<Engine>> OpenEngine(Access access, bool sql_writes = false) const;

  Format format() const;
  /// The file of `--output parquet=FILE`.
  std::string parquet_path() const;
  bool json() const { return format() == Format::kJson || format() == Format::kJsonl; }

  /// A line on stdout.
  void Print(std::string_view line) const;
  /// A note for the person, on stderr; not with --quiet.
  void Note(std::string_view line) const;
  /// `warning: …` on stderr; also with --quiet.
  void Warn(std::string_view line) const;
  /// `error: …` on stderr; returns exit code 1.
  int Fail(const Status& status) const;

  bool stdout_is_terminal() const;
  bool stderr_is_terminal() const;
  /// Columns of the terminal; 0 when stdout is none.
  int terminal_width() const;
};

/// Exit codes of the program.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitWrongUse = 2;

/// A token that Ctrl-C and SIGTERM cancel. The second Ctrl-C ends the process at once.
CancelToken InterruptToken();

}  // namespace iolite::cli

/// Ends a command with exit code 1 and the message of a Status that is not OK.
#define IOLITE_CLI_RETURN_IF_ERROR(console, expression)    \
  do {                                                     \
    ::iolite::Status cli_status = (expression);            \
    if (!cli_status.ok()) return console.Fail(cli_status); \
  } while (false)
