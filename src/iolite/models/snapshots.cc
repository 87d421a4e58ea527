#include "iolite/models/internal/snapshots.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "iolite/models/internal/files.h"
#include "iolite/models/internal/hub.h"
#include "iolite/models/internal/model_files.h"

namespace iolite::models {
namespace {

using nlohmann::json;

constexpr int kManifestFormat = 1;

bool HasWeights(const std::string& folder) {
  const auto names = ListFolderFiles(folder);
  return names.ok() && std::any_of(names->begin(), names->end(), IsWeightsFile);
}

std::string Trimmed(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  return text;
}

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

std::string RepositoryFolder(const std::string& root, std::string_view id) {
  std::string name = "models--" + std::string(id);
  if (const size_t slash = name.find('/'); slash != std::string::npos) name.replace(slash, 1, "--");
  return root + "/" + name;
}

Status RemoveSnapshots(const std::string& root, std::string_view id) {
  const std::filesystem::path folder(RepositoryFolder(root, id));
  // An id is never a way out of the store's own folder.
  if (folder.lexically_normal().parent_path() != std::filesystem::path(root).lexically_normal()) {
    return InvalidArgument("{:?} is not the id of a model on the hub: owner/name", id);
  }
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  return error ? ErrnoStatus(error.value(), "Cannot delete " + folder.string()) : Status::Ok();
}

std::string SnapshotFolder(const std::string& root, std::string_view id, std::string_view commit) {
  return RepositoryFolder(root, id) + "/snapshots/" + std::string(commit);
}

std::optional<Snapshot> FindSnapshot(const std::string& root, std::string_view id,
                                     std::string_view revision) {
  if (root.empty() || !CheckHubId(id).ok() || !CheckFileName(revision).ok()) return {};
  std::string commit(revision);
  const std::string reference = RepositoryFolder(root, id) + "/refs/" + commit;
  if (FileExists(reference)) commit = Trimmed(ReadFile(reference).value_or(""));
  if (!CheckFileName(commit).ok()) return {};
  Snapshot snapshot{SnapshotFolder(root, id, commit), commit};
  // A manifest says that all files are there. Hugging Face's own libraries write none.
  const bool ours = FileExists(snapshot.folder + "/" + kSnapshotManifestName);
  const bool interrupted = FileExists(RepositoryFolder(root, id) + "/.lock") && !ours;
  if (ours || (!interrupted && HasWeights(snapshot.folder))) return snapshot;
  return {};
}

Result<SnapshotManifest> ParseSnapshotManifest(const std::string& text, const std::string& path) {
  const json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  SnapshotManifest manifest;
  try {
    if (document.at("format").get<int>() > kManifestFormat) {
      return Unimplemented("{} was written by a newer release: format {}", path,
                           document["format"].get<int>());
    }
    manifest.id = document.at("id").get<std::string>();
    manifest.commit = document.at("commit").get<std::string>();
    for (const json& file : document.at("files")) {
      manifest.files.push_back({file.at("name").get<std::string>(),
                                file.at("size_bytes").get<int64_t>(),
                                file.at("sha256").get<std::string>()});
    }
  } catch (const json::exception& error) {
    return DataLoss("{} is damaged ({}): remove its folder and pull the model again", path,
                    error.what());
  }
  return manifest;
}

std::string SerializeSnapshotManifest(const SnapshotManifest& manifest) {
  json files = json::array();
  for (const PulledFile& file : manifest.files) {
    files.push_back(
        {{"name", file.name}, {"size_bytes", file.size_bytes}, {"sha256", file.sha256}});
  }
  const json document = {{"format", kManifestFormat},
                         {"id", manifest.id},
                         {"commit", manifest.commit},
                         {"files", files}};
  return document.dump(2) + "\n";
}

Result<SnapshotManifest> ReadSnapshotManifest(const std::string& folder) {
  const std::string path = folder + "/" + kSnapshotManifestName;
  IOLITE_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return ParseSnapshotManifest(text, path);
}

std::string HubCacheFolder(const std::string& configured) {
  const std::string home = Environment("HOME");
  if (configured.starts_with("~/")) return home + configured.substr(1);
  if (!configured.empty()) return configured;
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) {
    if (std::string folder = Environment(name); !folder.empty()) return folder;
  }
  if (std::string folder = Environment("HF_HOME"); !folder.empty()) return folder + "/hub";
  std::string cache = Environment("XDG_CACHE_HOME");
  if (cache.empty()) cache = home + "/.cache";
  return cache + "/huggingface/hub";
}

}  // namespace iolite::models
