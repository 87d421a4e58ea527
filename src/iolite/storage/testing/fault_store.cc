#include "iolite/storage/testing/fault_store.h"

#include <utility>

namespace iolite::storage::testing {

class FaultWriter final : public ObjectWriter {
 public:
  FaultWriter(const FaultStore& store, std::unique_ptr<ObjectWriter> inner)
      : store_(store), inner_(std::move(inner)) {}
  Status Append(std::string_view bytes) override {
    return store_.Run([&] { return inner_->Append(bytes); });
  }
  Result<ObjectInfo> Seal() override {
    return store_.Run([&] { return inner_->Seal(); });
  }
  int64_t size_bytes() const override { return inner_->size_bytes(); }

 private:
  const FaultStore& store_;
  const std::unique_ptr<ObjectWriter> inner_;
};

void FaultStore::FailOperation(int64_t index, Status status, Moment moment) {
  fail_at_ = operation_count_ + index;
  fail_on_ = false;
  status_ = std::move(status);
  moment_ = moment;
}

void FaultStore::FailFrom(int64_t index, Status status) {
  FailOperation(index, std::move(status));
  fail_on_ = true;
}

void FaultStore::Heal() {
  fail_at_ = 0;
  fail_on_ = false;
}

Result<Object> FaultStore::Get(std::string_view path) const {
  return Run([&] { return inner_.Get(path); });
}
Result<std::string> FaultStore::GetRange(std::string_view path, int64_t offset_bytes,
                                         int64_t size_bytes) const {
  return Run([&] { return inner_.GetRange(path, offset_bytes, size_bytes); });
}
Result<ObjectInfo> FaultStore::Head(std::string_view path) const {
  return Run([&] { return inner_.Head(path); });
}
Result<std::shared_ptr<const MappedObject>> FaultStore::Map(std::string_view path) const {
  return Run([&] { return inner_.Map(path); });
}
Result<Etag> FaultStore::PutIfAbsent(std::string_view path, std::string_view bytes) {
  return Run([&] { return inner_.PutIfAbsent(path, bytes); });
}
Result<Etag> FaultStore::PutIfMatch(std::string_view path, std::string_view bytes,
                                    const Etag& etag) {
  return Run([&] { return inner_.PutIfMatch(path, bytes, etag); });
}
Result<std::unique_ptr<ObjectWriter>> FaultStore::Write(std::string_view path) {
  return Run([&]() -> Result<std::unique_ptr<ObjectWriter>> {
    IOLITE_ASSIGN_OR_RETURN(auto writer, inner_.Write(path));
    return std::unique_ptr<ObjectWriter>(std::make_unique<FaultWriter>(*this, std::move(writer)));
  });
}
Result<std::vector<ObjectInfo>> FaultStore::List(std::string_view prefix) const {
  return Run([&] { return inner_.List(prefix); });
}
Status FaultStore::Delete(std::string_view path) {
  return Run([&] { return inner_.Delete(path); });
}
std::optional<std::string> FaultStore::LocalPath(std::string_view path) const {
  return inner_.LocalPath(path);
}

}  // namespace iolite::storage::testing
