#include "iolite/results/table_name.h"

#include <fmt/core.h>

#include "iolite/base/clock.h"

namespace iolite::results {
namespace {

constexpr size_t kSourceBytesMax = 60;
constexpr size_t kModelBytesMax = 80;

bool FitsFileName(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

// A folder's or a hub's path says where a model is; its last part says what it is.
std::string_view LastPart(std::string_view model_id) {
  while (model_id.ends_with('/')) model_id.remove_suffix(1);
  return model_id.substr(model_id.find_last_of('/') + 1);
}

}  // namespace

std::string FileNamePart(std::string_view text, size_t bytes_max) {
  std::string part(text.substr(0, bytes_max));
  for (char& c : part) {
    if (!FitsFileName(c)) c = '-';
  }
  // A leading dot would hide the files.
  if (part.empty()) return "-";
  if (part[0] == '.') part[0] = '-';
  return part;
}

std::string TableName(std::string_view source, std::string_view task, std::string_view model_id,
                      int64_t unix_us, std::string_view hex) {
  return fmt::format("{}__{}__{}__{}_{}", FileNamePart(source, kSourceBytesMax),
                     FileNamePart(task, kSourceBytesMax),
                     FileNamePart(model_id.empty() ? "none" : LastPart(model_id), kModelBytesMax),
                     FormatCompactTimestamp(unix_us), hex);
}

}  // namespace iolite::results
