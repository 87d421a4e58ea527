#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "iolite/base/status.h"

namespace iolite::vector::internal {

/// A file mapped for reading. Its bytes stay valid while this lives, also after the file was
/// removed; it must not be shortened meanwhile.
class MappedFile {
 public:
  static Result<std::shared_ptr<const MappedFile>> Open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::string_view bytes() const { return {data_, size_}; }

 private:
  MappedFile() = default;
  const char* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace iolite::vector::internal
