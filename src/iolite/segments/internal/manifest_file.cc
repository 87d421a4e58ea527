#include "iolite/segments/internal/manifest_file.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "iolite/vector/index_factory.h"

namespace iolite::segments {
namespace {

using Json = nlohmann::ordered_json;

// Files stand beside their manifest: written without the folder, so that a folder may be moved.
size_t FolderLength(std::string_view path) {
  size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? 0 : slash + 1;
}

Json FilesJson(const SegmentManifest& manifest) {
  Json files = Json::array();
  for (const auto& file : manifest.files) {
    files.push_back({{"name", file.path.substr(FolderLength(file.path))},
                     {"size_bytes", file.size_bytes},
                     {"sha256", file.sha256}});
  }
  return files;
}

Result<SegmentManifest> ReadFields(const Json& json, std::string_view path) {
  std::string folder(path.substr(0, FolderLength(path)));
  SegmentManifest manifest;
  manifest.row_count = json.at("row_count");
  manifest.dimension = json.at("dimension");
  IOLITE_ASSIGN_OR_RETURN(manifest.metric,
                          vector::ParseMetric(json.at("metric").get<std::string>()));
  manifest.index_kind = json.at("index_kind");
  manifest.index_version = json.at("index_version");
  IOLITE_ASSIGN_OR_RETURN(manifest.element_type,
                          vector::ParseElementType(json.at("element_type").get<std::string>()));
  for (const auto& file : json.at("files")) {
    manifest.files.push_back({.path = folder + file.at("name").get<std::string>(),
                              .size_bytes = file.at("size_bytes"),
                              .sha256 = file.at("sha256")});
  }
  return manifest;
}

}  // namespace

std::string RowsPath(std::string_view stem) { return std::string(stem) + ".parquet"; }
Result<std::string> IndexPath(std::string_view stem, std::string_view kind) {
  IOLITE_ASSIGN_OR_RETURN(auto known, vector::FindIndexKind(kind));
  return std::string(stem).append(known.suffix);
}
std::vector<std::string> IndexPaths(std::string_view stem) {
  std::vector<std::string> paths;
  for (const auto& kind : vector::IndexKinds()) {
    paths.push_back(std::string(stem).append(kind.suffix));
  }
  return paths;
}
std::string RowMapPath(std::string_view stem) { return std::string(stem) + ".idx.rowmap"; }
std::string ManifestPath(std::string_view stem) { return std::string(stem) + ".idx.manifest.json"; }
std::string HiddenPath(std::string_view stem, int64_t version) {
  return std::string(stem) + ".hidden-" + std::to_string(version);
}

std::string SerializeManifest(const SegmentManifest& manifest) {
  Json json{{"format", manifest.format},
            {"row_count", manifest.row_count},
            {"dimension", manifest.dimension},
            {"metric", vector::MetricName(manifest.metric)},
            {"index_kind", manifest.index_kind},
            {"index_version", manifest.index_version},
            {"element_type", vector::ElementTypeName(manifest.element_type)},
            {"files", FilesJson(manifest)}};
  return json.dump(2) + "\n";
}

Result<SegmentManifest> ParseManifest(std::string_view bytes, std::string_view path) {
  try {
    Json json = Json::parse(bytes);
    int format = json.at("format");
    if (format > SegmentManifest::kFormatNewest) {
      return Unimplemented("{} has format {}, written by a newer release; this one reads up to {}",
                           path, format, SegmentManifest::kFormatNewest);
    }
    auto manifest = ReadFields(json, path);
    if (!manifest.ok()) return DataLoss("{} is damaged: {}", path, manifest.status().message());
    manifest->format = format;
    return manifest;
  } catch (const nlohmann::json::exception& error) {
    return DataLoss("{} is damaged: {}", path, error.what());
  }
}

const SegmentManifest::File* FindFile(const SegmentManifest& manifest, std::string_view path) {
  auto found = std::find_if(manifest.files.begin(), manifest.files.end(),
                            [&](const auto& file) { return file.path == path; });
  return found == manifest.files.end() ? nullptr : &*found;
}

}  // namespace iolite::segments
