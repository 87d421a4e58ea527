#pragma once

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>

#include <cstdint>
#include <memory>
#include <string>

#include "iolite/base/hash.h"
#include "iolite/base/status.h"
#include "iolite/storage/object_store.h"

/// Objects as Arrow's readers and writers want them.

namespace iolite::segments {

/// Writes an object through Arrow's interface and hashes what passes. Close() only ends the stream;
/// Seal() makes the object visible.
///
/// Threads: one.
class ObjectOutputStream final : public arrow::io::OutputStream {
 public:
  static Result<std::shared_ptr<ObjectOutputStream>> Open(storage::ObjectStore& store,
                                                          std::string_view path);

  arrow::Status Write(const void* data, int64_t size_bytes) override;
  using arrow::io::Writable::Write;
  arrow::Result<int64_t> Tell() const override { return writer_->size_bytes(); }
  arrow::Status Close() override;
  bool closed() const override { return closed_; }

  struct Sealed {
    int64_t size_bytes = 0;
    std::string sha256;
  };
  Result<Sealed> Seal();

 private:
  explicit ObjectOutputStream(std::unique_ptr<storage::ObjectWriter> writer);

  std::unique_ptr<storage::ObjectWriter> writer_;
  Sha256 sha256_;
  bool closed_ = false;
};

/// The bytes of a mapped object as an Arrow buffer that keeps the mapping.
std::shared_ptr<arrow::Buffer> AsBuffer(std::shared_ptr<const storage::MappedObject> object);

}  // namespace iolite::segments
