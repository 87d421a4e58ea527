#include "iolite/cli/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "iolite/base/status.h"

namespace iolite::cli {
namespace {

CancelToken* interrupt_token = nullptr;

extern "C" void OnInterrupt(int signal_number) {
  if (interrupt_token->cancelled()) _exit(128 + signal_number);
  interrupt_token->Cancel();
}

bool StartsWith(std::string_view text, std::string_view prefix) { return text.starts_with(prefix); }

}  // namespace

CancelToken InterruptToken() {
  static CancelToken token = [] {
    static CancelToken shared;
    interrupt_token = &shared;
    struct sigaction action {};
    action.sa_handler = OnInterrupt;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    return shared;
  }();
  return token;
}

Result<std::unique_ptr<Engine>> Console::OpenEngine(Access access, bool sql_writes) const {
  // A database is made on first use, whatever that is.
  bool missing = !std::filesystem::exists(std::filesystem::path(database_path) / "catalog.sqlite");
  if (access == Access::kReadOnly && missing) access = Access::kReadWrite;
  EngineOptions options{
      .path = database_path, .access = access, .sql_tables_read_only = !sql_writes};
  for (const auto& setting : settings) {
    size_t equals = setting.find('=');
    if (equals == std::string::npos) {
      return InvalidArgument(
          "--set {:?}: write it as section.key=value; `iolite settings list` names the keys",
          setting);
    }
    options.settings.emplace_back(setting.substr(0, equals), setting.substr(equals + 1));
  }
  return Engine::Open(options);
}

Format Console::format() const {
  if (output == "csv") return Format::kCsv;
  if (output == "json") return Format::kJson;
  if (output == "jsonl") return Format::kJsonl;
  if (StartsWith(output, "parquet=")) return Format::kParquet;
  return Format::kTable;
}

std::string Console::parquet_path() const { return output.substr(std::string("parquet=").size()); }

void Console::Print(std::string_view line) const {
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
}

void Console::Note(std::string_view line) const {
  if (!quiet) std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
}

void Console::Warn(std::string_view line) const {
  std::fprintf(stderr, "warning: %.*s\n", static_cast<int>(line.size()), line.data());
}

int Console::Fail(const Status& status) const {
  std::fflush(stdout);
  const char* blame =
      status.code() == StatusCode::kInternal ? "internal error (please report it)" : "error";
  std::fprintf(stderr, "%s: %s\n", blame, status.message().c_str());
  return kExitFailed;
}

bool Console::stdout_is_terminal() const { return isatty(STDOUT_FILENO) != 0; }
bool Console::stderr_is_terminal() const { return isatty(STDERR_FILENO) != 0; }

int Console::terminal_width() const {
  winsize size{};
  if (!stdout_is_terminal() || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

}  // namespace iolite::cli
