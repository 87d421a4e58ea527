#include "iolite/results/internal/table_files.h"

#include <fmt/core.h>

#include <charconv>

namespace iolite::results {
namespace {

constexpr std::string_view kManifestEnd = ".manifest.json";
constexpr std::string_view kSegmentManifestEnd = ".idx.manifest.json";
constexpr std::string_view kRunEnd = ".run.json";
constexpr std::string_view kDroppedEnd = ".dropped";

std::optional<std::string> TableBefore(std::string_view path, std::string_view end) {
  if (!path.starts_with(kFolder) || !path.ends_with(end)) return std::nullopt;
  std::string_view table = path.substr(kFolder.size(), path.size() - kFolder.size() - end.size());
  if (table.empty() || table.find('/') != std::string_view::npos) return std::nullopt;
  return std::string(table);
}

std::optional<int64_t> ParseNumber(std::string_view digits) {
  int64_t number = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

// What follows `results/<table>` in `path`.
std::optional<std::string_view> RestAfterTable(std::string_view table, std::string_view path) {
  if (!path.starts_with(kFolder) || !path.substr(kFolder.size()).starts_with(table)) {
    return std::nullopt;
  }
  return path.substr(kFolder.size() + table.size());
}

bool IsSegmentEnd(std::string_view end) {
  return end == ".parquet" || end.starts_with(".idx.") || end.starts_with(".hidden-");
}

}  // namespace

std::string TableManifestPath(std::string_view table) {
  return fmt::format("{}{}{}", kFolder, table, kManifestEnd);
}
std::string MaterializationPath(std::string_view table) {
  return fmt::format("{}{}.materialization.json", kFolder, table);
}
std::string RunPath(std::string_view table) {
  return fmt::format("{}{}{}", kFolder, table, kRunEnd);
}
std::string DroppedPath(std::string_view table) {
  return fmt::format("{}{}{}", kFolder, table, kDroppedEnd);
}
std::string PartPath(std::string_view table, int64_t index) {
  return fmt::format("{}{}.part-{}.arrow", kFolder, table, index);
}
std::string SegmentStem(std::string_view table, int64_t index) {
  if (index == 0) return fmt::format("{}{}", kFolder, table);
  return fmt::format("{}{}__seg{}", kFolder, table, index);
}

std::optional<std::string> TableOfManifest(std::string_view path) {
  if (path.ends_with(kSegmentManifestEnd)) return std::nullopt;
  return TableBefore(path, kManifestEnd);
}
std::optional<std::string> TableOfRun(std::string_view path) { return TableBefore(path, kRunEnd); }
std::optional<std::string> TableOfDropped(std::string_view path) {
  return TableBefore(path, kDroppedEnd);
}

std::optional<int64_t> PartIndex(std::string_view table, std::string_view path) {
  constexpr std::string_view kBegin = ".part-", kEnd = ".arrow";
  auto rest = RestAfterTable(table, path);
  if (!rest || !rest->starts_with(kBegin) || !rest->ends_with(kEnd)) return std::nullopt;
  return ParseNumber(rest->substr(kBegin.size(), rest->size() - kBegin.size() - kEnd.size()));
}

std::optional<std::string> StemOf(std::string_view table, std::string_view path) {
  constexpr std::string_view kLater = "__seg";
  auto rest = RestAfterTable(table, path);
  if (!rest) return std::nullopt;
  int64_t index = 0;
  if (rest->starts_with(kLater)) {
    size_t dot = rest->find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    auto number = ParseNumber(rest->substr(kLater.size(), dot - kLater.size()));
    if (!number || *number <= 0) return std::nullopt;
    index = *number;
    rest->remove_prefix(dot);
  }
  if (!IsSegmentEnd(*rest)) return std::nullopt;
  return SegmentStem(table, index);
}

}  // namespace iolite::results
