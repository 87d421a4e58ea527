#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/segments/segment.h"

namespace iolite::segments {

/// `<stem>` and what belongs to it.
std::string RowsPath(std::string_view stem);
/// Of an index of this kind. kInvalidArgument for a kind that this release does not know.
Result<std::string> IndexPath(std::string_view stem, std::string_view kind);
/// Of every kind that this release knows.
std::vector<std::string> IndexPaths(std::string_view stem);
std::string RowMapPath(std::string_view stem);
std::string ManifestPath(std::string_view stem);

std::string SerializeManifest(const SegmentManifest& manifest);
/// kUnimplemented for a newer format, kDataLoss for anything else that is not a manifest.
Result<SegmentManifest> ParseManifest(std::string_view json, std::string_view path);

/// The manifest's entry for `path`; null when it has none.
const SegmentManifest::File* FindFile(const SegmentManifest& manifest, std::string_view path);

}  // namespace iolite::segments
