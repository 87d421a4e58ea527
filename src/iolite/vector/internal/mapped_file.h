#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "iolite/vector/index_options.h"

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

/// Keeps two things alive at once.
std::shared_ptr<const void> Both(std::shared_ptr<const void> first,
                                 std::shared_ptr<const void> second);

/// The index that `open(bytes, options, mapped_bytes)` makes of a file, which stays mapped as long
/// as options.keep_alive is kept. Errors name the file.
template <class OpenFunction>
auto OpenMapped(const std::string& path, IndexOpenOptions options, OpenFunction open)
    -> decltype(open(std::string_view(), std::move(options), int64_t{0})) {
  IOLITE_ASSIGN_OR_RETURN(auto mapped, MappedFile::Open(path));
  const std::string_view bytes = mapped->bytes();
  options.keep_alive = Both(std::move(options.keep_alive), std::move(mapped));
  auto opened = open(bytes, std::move(options), static_cast<int64_t>(bytes.size()));
  if (!opened.ok()) return opened.status().WithContext(path);
  return opened;
}

}  // namespace iolite::vector::internal
