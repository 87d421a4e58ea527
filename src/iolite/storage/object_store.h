#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/storage/mapped_object.h"

namespace iolite::storage {

/// What identifies one version of an object. Equal tags mean equal bytes.
using Etag = std::string;

struct ObjectInfo {
  std::string path;  ///< relative to the store's root, `/` between parts
  int64_t size_bytes = 0;
  Etag etag;  ///< empty in the answer of List()
};

struct Object {
  std::string bytes;
  Etag etag;
};

/// Writes one object piece by piece. Nothing can be seen under its path until Seal() returns OK;
/// without Seal() nothing is left behind.
class ObjectWriter {
 public:
  virtual ~ObjectWriter() = default;
  virtual Status Append(std::string_view bytes) = 0;
  /// Makes the object durable and visible. kAlreadyExists when the path exists: objects are written
  /// once.
  virtual Result<ObjectInfo> Seal() = 0;
  virtual int64_t size_bytes() const = 0;
};

/// Named, immutable-until-replaced objects: a local folder, memory, later a bucket. Conditional
/// puts are the only way to change one, so the same code is right on a folder and on a bucket.
///
/// Paths: relative, no empty, `.` or `..` parts, none longer than 255 bytes or beginning with
/// `.iolite-`; kInvalidArgument otherwise. Durability: a put or seal that returned OK survives a
/// crash; one that did not return leaves the old object or the new one, whole. Threads: any number.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  /// kNotFound when there is none.
  virtual Result<Object> Get(std::string_view path) const = 0;
  /// kOutOfRange when the object ends before `offset_bytes + size_bytes`.
  virtual Result<std::string> GetRange(std::string_view path, int64_t offset_bytes,
                                       int64_t size_bytes) const = 0;
  virtual Result<ObjectInfo> Head(std::string_view path) const = 0;
  virtual Result<std::shared_ptr<const MappedObject>> Map(std::string_view path) const = 0;

  /// kAlreadyExists when the path exists.
  virtual Result<Etag> PutIfAbsent(std::string_view path, std::string_view bytes) = 0;
  /// Replaces the version `etag`; kAborted when another is there now, kNotFound when none is.
  virtual Result<Etag> PutIfMatch(std::string_view path, std::string_view bytes,
                                  const Etag& etag) = 0;
  /// kAlreadyExists when the path exists, found out now or by Seal().
  virtual Result<std::unique_ptr<ObjectWriter>> Write(std::string_view path) = 0;

  /// Objects whose path begins with `prefix` (any text, `results/T` too), in bytewise order of
  /// path. Without their etags, which on a folder would cost reading them: ask Head().
  virtual Result<std::vector<ObjectInfo>> List(std::string_view prefix) const = 0;
  /// No error when there is none.
  virtual Status Delete(std::string_view path) = 0;

  /// The file behind `path`, for libraries that read files themselves (DuckDB, usearch). Empty
  /// where the store has no files.
  virtual std::optional<std::string> LocalPath(std::string_view path) const = 0;
};

}  // namespace iolite::storage
