#include "iolite/sql/internal/source_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <map>
#include <utility>

namespace iolite::sql {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kEndings = {{
    {".parquet", "parquet"},
    {".csv", "csv"},
    {".tsv", "csv"},
    {".json", "json"},
    {".jsonl", "jsonl"},
    {".ndjson", "jsonl"},
}};

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return lower;
}

bool HasGlob(std::string_view pattern) {
  return pattern.find_first_of("*?[") != std::string_view::npos;
}

bool MatchesName(const std::string& pattern, const std::string& name) {
  return ::fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD) == 0;
}

// Adds the files under `folder` that match the parts of a pattern from `next` on.
void Match(const fs::path& folder, const std::vector<std::string>& parts, size_t next,
           std::vector<std::string>& files) {
  const std::string& part = parts[next];
  const bool last = next + 1 == parts.size();
  if (part == "**" && !last) Match(folder, parts, next + 1, files);
  std::error_code error;
  if (!HasGlob(part)) {
    const fs::path path = folder / part;
    if (last && fs::exists(path, error)) files.push_back(path.string());
    if (!last && fs::is_directory(path, error)) Match(path, parts, next + 1, files);
    return;
  }
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!MatchesName(part == "**" ? "*" : part, name)) continue;
    const bool is_folder = entry.is_directory(error);
    if (last && !is_folder) files.push_back(entry.path().string());
    if (is_folder && part == "**") Match(entry.path(), parts, next, files);
    if (is_folder && part != "**" && !last) Match(entry.path(), parts, next + 1, files);
  }
}

// The ending that most of a folder's files of known formats have, for its glob.
Result<std::string> GlobOfFolder(const fs::path& folder, std::string_view format) {
  std::map<std::string, std::string> endings;  // ending to format
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    const auto found = FormatOfPath(name);
    if (!found || name.starts_with('.') || entry.is_directory(error)) continue;
    if (!format.empty() && *found != format) continue;
    endings[name.substr(name.find('.', fs::path(name).stem().stem().string().size()))] = *found;
  }
  if (error) return ErrnoStatus(error.value(), folder.string());
  if (endings.empty()) {
    return NotFound("Folder {} has no files {}. Name the files, or a pattern such as {}/*.parquet",
                    folder.string(),
                    format.empty() ? "ending in .parquet, .csv, .tsv, .json, .jsonl or .ndjson"
                                   : fmt::format("of format {}", format),
                    folder.string());
  }
  if (endings.size() > 1) {
    return InvalidArgument(
        "Folder {0} has files ending in {1} and in {2}. Name one kind, such as "
        "{0}/*{1}",
        folder.string(), endings.begin()->first, std::next(endings.begin())->first);
  }
  return EscapeGlob(folder.string()) + "/*" + endings.begin()->first;
}

}  // namespace

std::optional<std::string> FormatOfPath(std::string_view path) {
  std::string lower = Lower(path);
  for (const std::string_view packed : {".gz", ".zst"}) {
    if (lower.ends_with(packed)) lower.resize(lower.size() - packed.size());
  }
  for (const auto& [ending, format] : kEndings) {
    if (lower.ends_with(ending)) return std::string(format);
  }
  return std::nullopt;
}

bool IsFormat(std::string_view format) {
  return std::any_of(kEndings.begin(), kEndings.end(),
                     [&](const auto& ending) { return ending.second == format; });
}

Result<std::string> NormalizePattern(const std::string& pattern, std::string_view format) {
  if (pattern.find("://") != std::string::npos) {
    return Unimplemented("'{}' is an address: sources read files of this machine", pattern);
  }
  if (pattern.empty() || pattern.find('\0') != std::string::npos) {
    return InvalidArgument("A source needs the path of a file, a folder or a pattern");
  }
  std::error_code error;
  fs::path path = fs::absolute(pattern, error).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  if (fs::is_directory(path, error)) return GlobOfFolder(path, format);
  return path.string();
}

std::vector<std::string> ExpandPattern(const std::string& pattern) {
  std::error_code error;
  if (fs::exists(pattern, error) || !HasGlob(pattern)) {
    return fs::exists(pattern, error) ? std::vector<std::string>{pattern}
                                      : std::vector<std::string>{};
  }
  std::vector<std::string> parts;
  for (const auto& part : fs::path(pattern).relative_path()) parts.push_back(part.string());
  std::vector<std::string> files;
  Match(fs::path(pattern).root_path(), parts, 0, files);
  std::sort(files.begin(), files.end());
  files.erase(std::unique(files.begin(), files.end()), files.end());
  return files;
}

Result<catalog::FileAnchor> AnchorFile(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return ErrnoStatus(errno, "Cannot read " + path);
  struct stat info {};
  const int failed = ::fstat(file, &info);
  const int error = errno;
  ::close(file);
  if (failed != 0) return ErrnoStatus(error, "Cannot read " + path);
  if (!S_ISREG(info.st_mode)) return InvalidArgument("{} is not a regular file", path);
  return catalog::FileAnchor{
      .path = path,
      .size_bytes = info.st_size,
      .modified_us = int64_t{info.st_mtim.tv_sec} * 1'000'000 + info.st_mtim.tv_nsec / 1000};
}

std::string EscapeGlob(std::string_view path) {
  std::string escaped;
  for (const char c : path) {
    if (c == '*' || c == '?' || c == '[') {
      escaped += {'[', c, ']'};
    } else {
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace iolite::sql
