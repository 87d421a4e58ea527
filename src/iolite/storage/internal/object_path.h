#pragma once

#include <string>
#include <string_view>

#include "iolite/base/hash.h"
#include "iolite/base/status.h"
#include "iolite/storage/object_store.h"

namespace iolite::storage::internal {

/// Names that begin so are the store's own: drafts and locks.
inline constexpr std::string_view kReservedPrefix = ".iolite-";

/// kInvalidArgument, with the rule, when `path` cannot name an object.
Status CheckObjectPath(std::string_view path);

/// The tag of small objects: bytes that are equal have equal tags, also in different stores.
inline Etag ContentEtag(std::string_view bytes) { return Sha256Hex(bytes).substr(0, 32); }

Status NoSuchObject(std::string_view where, std::string_view path);
Status ObjectExists(std::string_view where, std::string_view path);
Status ObjectChanged(std::string_view where, std::string_view path);

/// kOutOfRange unless `size_bytes` from `offset_bytes` lie within `object_bytes`.
Status CheckRange(std::string_view path, int64_t offset_bytes, int64_t size_bytes,
                  int64_t object_bytes);

}  // namespace iolite::storage::internal
