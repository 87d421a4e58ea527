#include <algorithm>

#include "iolite/base/hash.h"
#include "iolite/segments/internal/manifest_file.h"
#include "iolite/segments/segment.h"

namespace iolite::segments {
namespace {

constexpr size_t kHashStepBytes = 4 << 20;

Result<std::string> HashObject(const RequestContext& context, const storage::MappedObject& object) {
  Sha256 sha256;
  std::string_view rest = object.bytes();
  while (!rest.empty()) {
    IOLITE_RETURN_IF_ERROR(context.Check());
    size_t step = std::min(rest.size(), kHashStepBytes);
    sha256.Update(rest.substr(0, step));
    rest.remove_prefix(step);
  }
  return sha256.Finish();
}

// What is wrong with one file; empty when nothing is.
Result<std::string> ProblemOf(const RequestContext& context, const storage::ObjectStore& store,
                              const SegmentManifest::File& file) {
  auto object = store.Map(file.path);
  if (object.status().code() == StatusCode::kNotFound) return std::string("is missing");
  if (!object.ok()) return object.status();
  size_t size_bytes = (*object)->bytes().size();
  if (size_bytes != static_cast<size_t>(file.size_bytes)) {
    return fmt::format("has {} bytes, not {}", size_bytes, file.size_bytes);
  }
  IOLITE_ASSIGN_OR_RETURN(std::string sha256, HashObject(context, **object));
  if (sha256 != file.sha256) return fmt::format("has SHA-256 {}, not {}", sha256, file.sha256);
  return std::string();
}

}  // namespace

Result<std::vector<FileDamage>> CheckSegment(const RequestContext& context,
                                             const SegmentOptions& options, std::string_view stem) {
  std::string path = ManifestPath(stem);
  auto object = options.store->Get(path);
  if (object.status().code() == StatusCode::kNotFound) {
    return std::vector<FileDamage>{{.path = path, .problem = "is missing"}};
  }
  if (!object.ok()) return object.status();
  auto manifest = ParseManifest(object->bytes, path);
  if (manifest.status().code() == StatusCode::kDataLoss) {
    return std::vector<FileDamage>{{.path = path, .problem = manifest.status().message()}};
  }
  if (!manifest.ok()) return manifest.status();
  std::vector<FileDamage> damages;
  for (const auto& file : manifest->files) {
    IOLITE_ASSIGN_OR_RETURN(std::string problem, ProblemOf(context, *options.store, file));
    if (problem.empty()) continue;
    damages.push_back(
        {.path = file.path, .problem = std::move(problem), .rows = file.path == RowsPath(stem)});
  }
  return damages;
}

std::vector<std::string> SegmentPaths(std::string_view stem) {
  std::vector<std::string> paths = {ManifestPath(stem), RowMapPath(stem)};
  for (auto& path : IndexPaths(stem)) paths.push_back(std::move(path));
  paths.push_back(RowsPath(stem));
  return paths;
}

}  // namespace iolite::segments
