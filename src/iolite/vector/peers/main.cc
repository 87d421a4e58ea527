#include <fmt/format.h>

#include <iostream>

#include "iolite/vector/peers/commands.h"

// Runs the commands of commands.h, from the arguments, then from stdin, one a line, and answers
// each with a line of JSON. The caller decides who searches when, so that the machine's moods meet
// all.

namespace {

/// False after a failure.
bool Answer(iolite::vector::peers::Session& session, const std::string& line) {
  using iolite::vector::peers::Command;
  const auto command = Command::Parse(line);
  const auto answer = command.ok() ? session.Run(command.value()) : command.status();
  if (answer.ok()) {
    std::cout << answer.value() << std::endl;
  } else {
    std::cerr << line << ": " << answer.status().message() << std::endl;
  }
  return answer.ok();
}

}  // namespace

int main(int count, char** arguments) {
  iolite::vector::peers::Session session;
  for (int i = 1; i < count; ++i) {
    if (!Answer(session, arguments[i])) return 1;
  }
  for (std::string line; std::getline(std::cin, line);) {
    if (!line.empty() && !Answer(session, line)) return 1;
  }
  return 0;
}
