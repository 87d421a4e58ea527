#include <CLI/CLI.hpp>

#include "iolite/base/status.h"
#include "iolite/cli/commands.h"

namespace iolite::cli {
namespace {

// What may follow a command: its subcommands and its long options.
std::string Words(const CLI::App& command) {
  std::string words;
  for (const auto* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
    words += sub->get_name() + " ";
  }
  for (const auto* option : command.get_options()) {
    for (const auto& name : option->get_lnames()) words += "--" + name + " ";
  }
  if (!words.empty()) words.pop_back();
  return words;
}

// One `path) words=…` line per command, the path being the words typed so far: `iolite sources
// add`.
void AddCases(const CLI::App& command, const std::string& path, std::string& cases) {
  cases += fmt::format("    '{}') words='{}' ;;\n", path, Words(command));
  for (const auto* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
    AddCases(*sub, path + " " + sub->get_name(), cases);
  }
}

constexpr const char* kBashHead =
    R"(# bash completion for iolite; zsh reads it through bashcompinit.
_iolite() {
  local word path=iolite words=''
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) case " $_iolite_paths " in *" ${path// /_}_$word "*) path="$path $word" ;; esac ;; esac
  done
  case "$path" in
)";
constexpr const char* kBashTail = R"(  esac
  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
  [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o filenames -F _iolite iolite
)";

void AddPaths(const CLI::App& command, const std::string& path, std::string& paths) {
  for (const auto* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
    std::string full = path + "_" + sub->get_name();
    paths += full + " ";
    AddPaths(*sub, full, paths);
  }
}

std::string BashScript(const CLI::App& app) {
  std::string paths, cases;
  AddPaths(app, "iolite", paths);
  AddCases(app, "iolite", cases);
  return fmt::format("_iolite_paths='{}'\n", paths) + kBashHead + cases + kBashTail;
}

void AddFishLines(const CLI::App& command, const std::string& condition, std::string& script) {
  for (const auto* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
    script += fmt::format("complete -c iolite -n '{}' -a '{}' -d '{}'\n", condition,
                          sub->get_name(), sub->get_description());
    AddFishLines(*sub, "__fish_seen_subcommand_from " + sub->get_name(), script);
  }
  for (const auto* option : command.get_options()) {
    for (const auto& name : option->get_lnames()) {
      script += fmt::format("complete -c iolite -n '{}' -l '{}'\n", condition, name);
    }
  }
}

std::string Script(const CLI::App& app, const std::string& shell) {
  if (shell == "zsh") return "autoload -U +X bashcompinit && bashcompinit\n" + BashScript(app);
  if (shell == "bash") return BashScript(app);
  std::string script = "# fish completion for iolite\n";
  AddFishLines(app, "__fish_use_subcommand", script);
  return script;
}

}  // namespace

void AddCompletionCommand(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("completion", "Print a completion script for a shell");
  auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer(
      "Examples:\n  iolite completion bash > ~/.local/share/bash-completion/completions/iolite\n"
      "  iolite completion fish > ~/.config/fish/completions/iolite.fish");
  command->callback([shell, &app, &action] {
    action = [shell, &app](const Console& console) {
      console.Print(Script(app, *shell));
      return kExitOk;
    };
  });
}

}  // namespace iolite::cli
