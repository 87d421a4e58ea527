#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "iolite/models/testing/temporary_folder.h"

namespace iolite::models::testing {

/// Where the small models of tests/reference/make_model_references.py are.
inline std::filesystem::path ReferenceModels(std::string_view source_dir) {
  return std::filesystem::path(source_dir) / "tests" / "reference" / "models";
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
