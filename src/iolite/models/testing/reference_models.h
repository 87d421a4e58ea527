#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "iolite/models/testing/temporary_folder.h"

namespace iolite::models::testing {

/// Where the small models are that the scripts of tests/reference made, by kind: `models`,
/// `architectures`, `tasks`.
inline std::filesystem::path ReferenceFolder(std::string_view source_dir, std::string_view kind) {
  return std::filesystem::path(source_dir) / "tests" / "reference" / kind;
}

inline std::filesystem::path ReferenceModels(std::string_view source_dir) {
  return ReferenceFolder(source_dir, "models");
}

/// What the origin computed from the models of a kind.
inline nlohmann::json ReferenceExpected(std::string_view source_dir, std::string_view kind) {
  return nlohmann::json::parse(std::ifstream(ReferenceFolder(source_dir, kind) / "expected.json"));
}

/// Lays the files of models/`name` over a copy of models/base in a folder of the test's own, where
/// they may be changed.
inline void CopyReferenceModel(std::string_view source_dir, std::string_view name,
                               const TemporaryFolder& folder) {
  namespace fs = std::filesystem;
  constexpr auto kOptions = fs::copy_options::recursive | fs::copy_options::overwrite_existing;
  fs::copy(ReferenceModels(source_dir) / "base", folder.path(), kOptions);
  if (name != "base") fs::copy(ReferenceModels(source_dir) / name, folder.path(), kOptions);
}

}  // namespace iolite::models::testing
