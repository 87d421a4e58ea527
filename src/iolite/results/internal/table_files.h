#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The names of a result table's objects. Everything of `T` begins with `results/T.` or
/// `results/T__seg<n>.`.

namespace iolite::results {

inline constexpr std::string_view kFolder = "results/";

std::string TableManifestPath(std::string_view table);
std::string MaterializationPath(std::string_view table);
std::string RunPath(std::string_view table);
/// Marks a table that is being dropped, so that a crash in the middle can be finished.
std::string DroppedPath(std::string_view table);
std::string PartPath(std::string_view table, int64_t index);
/// `results/T` for 0, `results/T__seg<n>` for others.
std::string SegmentStem(std::string_view table, int64_t index);

/// The table whose manifest, run or tombstone `path` is.
std::optional<std::string> TableOfManifest(std::string_view path);
std::optional<std::string> TableOfRun(std::string_view path);
std::optional<std::string> TableOfDropped(std::string_view path);
/// n of `results/T.part-<n>.arrow`.
std::optional<int64_t> PartIndex(std::string_view table, std::string_view path);
/// The stem that a segment's object of `table` belongs to: `results/T` or `results/T__seg<n>`;
/// nothing for the table's other objects and those of other tables.
std::optional<std::string> StemOf(std::string_view table, std::string_view path);

}  // namespace iolite::results
