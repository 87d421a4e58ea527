#include "iolite/segments/object_stream.h"

#include <utility>

#include "iolite/columnar/arrow_status.h"

namespace iolite::segments {
namespace {

class MappedBuffer final : public arrow::Buffer {
 public:
  explicit MappedBuffer(std::shared_ptr<const storage::MappedObject> object)
      : arrow::Buffer(reinterpret_cast<const uint8_t*>(object->bytes().data()),
                      static_cast<int64_t>(object->bytes().size())),
        object_(std::move(object)) {}

 private:
  std::shared_ptr<const storage::MappedObject> object_;
};

}  // namespace

ObjectOutputStream::ObjectOutputStream(std::unique_ptr<storage::ObjectWriter> writer)
    : writer_(std::move(writer)) {
  set_mode(arrow::io::FileMode::WRITE);
}

Result<std::shared_ptr<ObjectOutputStream>> ObjectOutputStream::Open(storage::ObjectStore& store,
                                                                     std::string_view path) {
  IOLITE_ASSIGN_OR_RETURN(auto writer, store.Write(path));
  return std::shared_ptr<ObjectOutputStream>(new ObjectOutputStream(std::move(writer)));
}

arrow::Status ObjectOutputStream::Write(const void* data, int64_t size_bytes) {
  std::string_view bytes(static_cast<const char*>(data), static_cast<size_t>(size_bytes));
  if (Status status = writer_->Append(bytes); !status.ok()) return columnar::ToArrow(status);
  sha256_.Update(bytes);
  return arrow::Status::OK();
}

arrow::Status ObjectOutputStream::Close() {
  closed_ = true;
  return arrow::Status::OK();
}

Result<ObjectOutputStream::Sealed> ObjectOutputStream::Seal() {
  IOLITE_ASSIGN_OR_RETURN(auto info, writer_->Seal());
  return Sealed{.size_bytes = info.size_bytes, .sha256 = sha256_.Finish()};
}

std::shared_ptr<arrow::Buffer> AsBuffer(std::shared_ptr<const storage::MappedObject> object) {
  return std::make_shared<MappedBuffer>(std::move(object));
}

}  // namespace iolite::segments
