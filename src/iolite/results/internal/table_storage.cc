#include "iolite/results/internal/table_storage.h"

#include <utility>

#include "iolite/results/internal/table_files.h"

namespace iolite::results {
namespace {

// Hidden rows of a version that does not count, or any object of a segment that is not named.
bool IsUnnamed(const TableManifest* manifest, const std::string& stem, const std::string& path) {
  const auto* segment = manifest ? manifest->Find(stem) : nullptr;
  if (!segment) return true;
  bool is_hidden = std::string_view(path).substr(stem.size()).starts_with(".hidden-");
  return is_hidden && path != segments::HiddenPath(stem, segment->hidden_version);
}

}  // namespace

Result<std::optional<StoredManifest>> TableStorage::LoadManifest(std::string_view table) const {
  std::string path = TableManifestPath(table);
  auto object = store().Get(path);
  if (object.status().code() == StatusCode::kNotFound) return std::optional<StoredManifest>();
  if (!object.ok()) return object.status();
  IOLITE_ASSIGN_OR_RETURN(auto manifest, ParseTableManifest(object->bytes, path));
  return std::optional(StoredManifest{std::move(manifest), std::move(object->etag)});
}

Status TableStorage::PutManifest(const TableManifest& manifest,
                                 const std::optional<StoredManifest>& before) {
  IOLITE_RETURN_IF_ERROR(PutMaterialization(manifest.materialization));
  std::string path = TableManifestPath(manifest.table), json = SerializeTableManifest(manifest);
  auto put =
      before ? store().PutIfMatch(path, json, before->etag) : store().PutIfAbsent(path, json);
  return put.status();
}

Status TableStorage::PutMaterialization(const Materialization& materialization) {
  std::string path = MaterializationPath(materialization.table);
  std::string json = SerializeMaterialization(materialization);
  auto present = store().Get(path);
  if (present.status().code() == StatusCode::kNotFound) {
    return store().PutIfAbsent(path, json).status();
  }
  if (!present.ok()) return present.status();
  if (present->bytes == json) return Status::Ok();
  return store().PutIfMatch(path, json, present->etag).status();
}

Result<std::optional<RunRecord>> TableStorage::LoadRun(std::string_view table) const {
  std::string path = RunPath(table);
  auto object = store().Get(path);
  if (object.status().code() == StatusCode::kNotFound) return std::optional<RunRecord>();
  if (!object.ok()) return object.status();
  IOLITE_ASSIGN_OR_RETURN(auto run, ParseRun(object->bytes, path));
  return std::optional(std::move(run));
}

Status TableStorage::RemoveRun(std::string_view table) {
  IOLITE_ASSIGN_OR_RETURN(auto paths, PathsOf(table));
  for (const auto& path : paths) {
    if (PartIndex(table, path)) IOLITE_RETURN_IF_ERROR(store().Delete(path));
  }
  return store().Delete(RunPath(table));
}

Status TableStorage::RemoveUnnamed(std::string_view table, const TableManifest* manifest) {
  IOLITE_ASSIGN_OR_RETURN(auto paths, PathsOf(table));
  for (const auto& path : paths) {
    auto stem = StemOf(table, path);
    if (!stem || !IsUnnamed(manifest, *stem, path)) continue;
    IOLITE_RETURN_IF_ERROR(store().Delete(path));
  }
  return Status::Ok();
}

Status TableStorage::Drop(std::string_view table) {
  auto put = store().PutIfAbsent(DroppedPath(table), "");
  if (!put.ok() && put.status().code() != StatusCode::kAlreadyExists) return put.status();
  return FinishDrop(table);
}

Status TableStorage::FinishDrop(std::string_view table) {
  IOLITE_RETURN_IF_ERROR(store().Delete(TableManifestPath(table)));
  IOLITE_RETURN_IF_ERROR(RemoveUnnamed(table, nullptr));
  IOLITE_RETURN_IF_ERROR(RemoveRun(table));
  IOLITE_RETURN_IF_ERROR(store().Delete(MaterializationPath(table)));
  return store().Delete(DroppedPath(table));
}

Result<std::vector<std::string>> TableStorage::PathsOf(std::string_view table) const {
  std::vector<std::string> paths;
  IOLITE_ASSIGN_OR_RETURN(auto objects, store().List(fmt::format("{}{}", kFolder, table)));
  for (auto& object : objects) paths.push_back(std::move(object.path));
  return paths;
}

}  // namespace iolite::results
