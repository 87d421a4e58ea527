#include "iolite/storage/internal/object_path.h"

namespace iolite::storage::internal {
namespace {

constexpr size_t kPartBytesMax = 255;

bool IsGoodPart(std::string_view part) {
  return !part.empty() && part != "." && part != ".." && part.size() <= kPartBytesMax &&
         !part.starts_with(kReservedPrefix) && part.find('\0') == std::string_view::npos;
}

}  // namespace

Status CheckObjectPath(std::string_view path) {
  std::string_view rest = path;
  while (true) {
    const auto slash = rest.find('/');
    if (!IsGoodPart(rest.substr(0, slash))) {
      return InvalidArgument(
          "'{}' cannot name an object: a path has parts of 1 to {} bytes between slashes, none of "
          "them '.' or '..' or beginning with '{}'",
          path, kPartBytesMax, kReservedPrefix);
    }
    if (slash == std::string_view::npos) return Status();
    rest.remove_prefix(slash + 1);
  }
}

Status NoSuchObject(std::string_view where, std::string_view path) {
  return NotFound("There is no object '{}' in {}", path, where);
}

Status ObjectExists(std::string_view where, std::string_view path) {
  return AlreadyExists("The object '{}' is already in {}", path, where);
}

Status ObjectChanged(std::string_view where, std::string_view path) {
  return Aborted("The object '{}' in {} was changed by somebody else: read it again and try again",
                 path, where);
}

Status CheckRange(std::string_view path, int64_t offset_bytes, int64_t size_bytes,
                  int64_t object_bytes) {
  if (offset_bytes >= 0 && size_bytes >= 0 && offset_bytes <= object_bytes &&
      size_bytes <= object_bytes - offset_bytes) {
    return Status();
  }
  return OutOfRange("Bytes {} to {} were asked of '{}', which has {}", offset_bytes,
                    offset_bytes + size_bytes, path, object_bytes);
}

}  // namespace iolite::storage::internal
