#pragma once

#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"

namespace iolite::eval::internal {

/// The lines of a text file that are not blank, with their numbers for messages. A byte order mark
/// and carriage returns are dropped.
///
/// Threads: one.
class LineReader {
 public:
  static Result<LineReader> Open(const std::string& path);

  /// The next line that is not blank; nothing at the end. The view lives until the next call.
  Result<std::optional<std::string_view>> Next();
  /// `file:line`, of the line that Next() gave last.
  std::string place() const;
  /// kInvalidArgument that begins with place().
  Status Malformed(std::string_view problem) const;
  const std::string& path() const { return path_; }

 private:
  LineReader(std::string path, std::ifstream stream)
      : path_(std::move(path)), stream_(std::move(stream)) {}

  std::string path_;
  std::ifstream stream_;
  std::string line_;
  int64_t line_number_ = 0;
};

/// Fields between any number of blanks and tabs.
std::vector<std::string_view> SplitBlanks(std::string_view line);
/// Fields between single tabs.
std::vector<std::string_view> SplitTabs(std::string_view line);
std::optional<int32_t> ParseInteger(std::string_view text);
std::optional<double> ParseNumber(std::string_view text);

}  // namespace iolite::eval::internal
