#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "iolite/base/status.h"

namespace iolite::program {

/// A file's bytes, mapped for reading: pages come from the file as they are touched and may be
/// dropped again, so weights cost no memory of their own.
///
/// Lifetime: whoever shares bytes of it holds the shared_ptr. The file must not be truncated
/// meanwhile.
class MappedFile {
 public:
  /// kNotFound and kPermissionDenied name the file; an empty file gives an empty span.
  static Result<std::shared_ptr<const MappedFile>> Open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::string& path() const { return path_; }

 private:
  MappedFile(std::string path, const std::byte* data, size_t size)
      : path_(std::move(path)), data_(data), size_(size) {}

  std::string path_;
  const std::byte* data_;
  size_t size_;
};

}  // namespace iolite::program
