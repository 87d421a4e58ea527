#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "iolite/base/status.h"

namespace iolite::models {

/// Tells what decides a model's vectors apart: SHA-256 over name and SHA-256 of each file that
/// SelectModelFiles picks. Equal hashes mean equal vectors at equal precision.
///
/// Cost:    reads the files once; remembers them by path, size and modification time. A pulled
/// snapshot
///          has its checksums in the manifest and is not read.
/// Threads: any number.
class ContentHasher {
 public:
  Result<std::string> HashFolder(const std::string& folder);
  /// SHA-256 of one file.
  Result<std::string> HashFile(const std::string& path);

 private:
  struct Seen {
    int64_t size_bytes = 0;
    int64_t modified_ns = 0;
    std::string sha256;
  };

  std::mutex mutex_;
  std::map<std::string, Seen> seen_;
};

}  // namespace iolite::models
