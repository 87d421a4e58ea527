#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/program/mapped_file.h"

namespace iolite::models {

/// One tensor of a safetensors file; its bytes are the mapping's.
struct SafeTensor {
  std::string type;  ///< as the file names it: `F32`, `BF16`
  std::vector<int64_t> shape;
  const std::byte* data = nullptr;
  size_t size_bytes = 0;
};

/// A safetensors file, mapped:
///
///     u64 header_bytes | JSON {name: {dtype, shape, data_offsets: [start, end)}} | bytes
///
/// Opening checks the header to the last byte: what it says must add up, and fit the file.
///
/// Threads: any number may read.
class SafetensorsFile {
 public:
  /// kNotFound without the file; kDataLoss, with values, when it is cut off or its header does not
  /// fit.
  static Result<std::shared_ptr<const SafetensorsFile>> Open(const std::string& path);

  /// Null when there is none of that name.
  const SafeTensor* Find(std::string_view name) const;
  const std::map<std::string, SafeTensor, std::less<>>& tensors() const { return tensors_; }
  const std::string& path() const { return file_->path(); }

 private:
  explicit SafetensorsFile(std::shared_ptr<const program::MappedFile> file)
      : file_(std::move(file)) {}
  Status ReadHeader();

  std::shared_ptr<const program::MappedFile> file_;
  std::map<std::string, SafeTensor, std::less<>> tensors_;
};

}  // namespace iolite::models
