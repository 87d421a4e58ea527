#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "iolite/base/random.h"

namespace iolite::models::testing {

/// A folder of a test's own, removed with all it holds.
class TemporaryFolder {
 public:
  TemporaryFolder()
      : path_(std::filesystem::temp_directory_path() /
              ("iolite_models_" + Random::System().NextHex(12))) {
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string path() const { return path_; }
  std::string File(std::string_view name) const { return path_ / name; }

  /// Writes a file, with the folders above it, and returns its path.
  std::string Write(std::string_view name, std::string_view bytes) const {
    const std::filesystem::path path = path_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

 private:
  const std::filesystem::path path_;
};

}  // namespace iolite::models::testing
