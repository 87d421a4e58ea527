#include "iolite/eval/internal/line_reader.h"

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <system_error>

namespace iolite::eval::internal {
namespace {

constexpr std::string_view kBlanks = " \t\r\f\v";

template <typename Number>
std::optional<Number> ParseWhole(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

Result<LineReader> LineReader::Open(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return InvalidArgument("{} is a folder; name a file.", path);
  }
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return ErrnoStatus(errno ? errno : EIO, path);
  return LineReader(path, std::move(stream));
}

Result<std::optional<std::string_view>> LineReader::Next() {
  while (std::getline(stream_, line_)) {
    ++line_number_;
    std::string_view line = line_;
    if (line_number_ == 1 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(kBlanks) != std::string_view::npos) {
      return std::optional<std::string_view>(line);
    }
  }
  if (stream_.bad()) return Unavailable("{} could not be read past line {}.", path_, line_number_);
  return std::optional<std::string_view>();
}

std::string LineReader::place() const { return fmt::format("{}:{}", path_, line_number_); }

Status LineReader::Malformed(std::string_view problem) const {
  return InvalidArgument("{}: {}", place(), problem);
}

std::vector<std::string_view> SplitBlanks(std::string_view line) {
  std::vector<std::string_view> fields;
  size_t begin = line.find_first_not_of(kBlanks);
  while (begin != std::string_view::npos) {
    const size_t end = std::min(line.find_first_of(kBlanks, begin), line.size());
    fields.push_back(line.substr(begin, end - begin));
    begin = line.find_first_not_of(kBlanks, end);
  }
  return fields;
}

std::vector<std::string_view> SplitTabs(std::string_view line) {
  std::vector<std::string_view> fields;
  size_t begin = 0;
  for (size_t tab = line.find('\t'); tab != std::string_view::npos; tab = line.find('\t', begin)) {
    fields.push_back(line.substr(begin, tab - begin));
    begin = tab + 1;
  }
  fields.push_back(line.substr(begin));
  return fields;
}

std::optional<int32_t> ParseInteger(std::string_view text) { return ParseWhole<int32_t>(text); }
std::optional<double> ParseNumber(std::string_view text) { return ParseWhole<double>(text); }

}  // namespace iolite::eval::internal
