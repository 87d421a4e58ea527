#include "iolite/storage/memory_store.h"

#include <map>
#include <mutex>

#include "iolite/storage/internal/object_path.h"

namespace iolite::storage {
namespace {

constexpr std::string_view kWhere = "memory";

struct Stored {
  std::shared_ptr<const std::string> bytes;
  Etag etag;
};

class HeldBytes final : public MappedObject {
 public:
  explicit HeldBytes(std::shared_ptr<const std::string> bytes) : bytes_(std::move(bytes)) {}
  std::string_view bytes() const override { return *bytes_; }

 private:
  const std::shared_ptr<const std::string> bytes_;
};

class MemoryStore final : public ObjectStore {
 public:
  Result<Object> Get(std::string_view path) const override {
    IOLITE_ASSIGN_OR_RETURN(const auto stored, Find(path));
    return Object{*stored.bytes, stored.etag};
  }

  Result<std::string> GetRange(std::string_view path, int64_t offset_bytes,
                               int64_t size_bytes) const override {
    IOLITE_ASSIGN_OR_RETURN(const auto stored, Find(path));
    IOLITE_RETURN_IF_ERROR(internal::CheckRange(path, offset_bytes, size_bytes,
                                                static_cast<int64_t>(stored.bytes->size())));
    return stored.bytes->substr(static_cast<size_t>(offset_bytes), static_cast<size_t>(size_bytes));
  }

  Result<ObjectInfo> Head(std::string_view path) const override {
    IOLITE_ASSIGN_OR_RETURN(const auto stored, Find(path));
    return ObjectInfo{std::string(path), static_cast<int64_t>(stored.bytes->size()), stored.etag};
  }

  Result<std::shared_ptr<const MappedObject>> Map(std::string_view path) const override {
    IOLITE_ASSIGN_OR_RETURN(const auto stored, Find(path));
    return std::shared_ptr<const MappedObject>(std::make_shared<HeldBytes>(stored.bytes));
  }

  Result<Etag> PutIfAbsent(std::string_view path, std::string_view bytes) override {
    IOLITE_RETURN_IF_ERROR(internal::CheckObjectPath(path));
    auto stored = Store(bytes);
    const std::lock_guard lock(mutex_);
    const auto [entry, added] = objects_.try_emplace(std::string(path), stored);
    if (!added) return internal::ObjectExists(kWhere, path);
    return stored.etag;
  }

  Result<Etag> PutIfMatch(std::string_view path, std::string_view bytes,
                          const Etag& etag) override {
    IOLITE_RETURN_IF_ERROR(internal::CheckObjectPath(path));
    auto stored = Store(bytes);
    const std::lock_guard lock(mutex_);
    const auto entry = objects_.find(path);
    if (entry == objects_.end()) return internal::NoSuchObject(kWhere, path);
    if (entry->second.etag != etag) return internal::ObjectChanged(kWhere, path);
    entry->second = stored;
    return stored.etag;
  }

  Result<std::unique_ptr<ObjectWriter>> Write(std::string_view path) override;

  Result<std::vector<ObjectInfo>> List(std::string_view prefix) const override {
    std::vector<ObjectInfo> objects;
    const std::lock_guard lock(mutex_);
    for (auto entry = objects_.lower_bound(prefix);
         entry != objects_.end() && entry->first.starts_with(prefix); ++entry) {
      objects.push_back({entry->first, static_cast<int64_t>(entry->second.bytes->size()), {}});
    }
    return objects;
  }

  Status Delete(std::string_view path) override {
    IOLITE_RETURN_IF_ERROR(internal::CheckObjectPath(path));
    const std::lock_guard lock(mutex_);
    if (const auto entry = objects_.find(path); entry != objects_.end()) objects_.erase(entry);
    return Status();
  }

  std::optional<std::string> LocalPath(std::string_view) const override { return std::nullopt; }

 private:
  static Stored Store(std::string_view bytes) {
    return {std::make_shared<const std::string>(bytes), internal::ContentEtag(bytes)};
  }

  Result<Stored> Find(std::string_view path) const {
    IOLITE_RETURN_IF_ERROR(internal::CheckObjectPath(path));
    const std::lock_guard lock(mutex_);
    const auto entry = objects_.find(path);
    if (entry == objects_.end()) return internal::NoSuchObject(kWhere, path);
    return entry->second;
  }

  mutable std::mutex mutex_;
  std::map<std::string, Stored, std::less<>> objects_;  // guarded by mutex_
};

class MemoryWriter final : public ObjectWriter {
 public:
  MemoryWriter(MemoryStore& store, std::string_view path) : store_(store), path_(path) {}

  Status Append(std::string_view bytes) override {
    if (sealed_) return FailedPrecondition("The object was sealed; it cannot grow");
    bytes_.append(bytes);
    return Status();
  }
  Result<ObjectInfo> Seal() override {
    if (sealed_) return FailedPrecondition("The object was sealed already");
    sealed_ = true;
    IOLITE_ASSIGN_OR_RETURN(auto etag, store_.PutIfAbsent(path_, bytes_));
    return ObjectInfo{path_, size_bytes(), std::move(etag)};
  }
  int64_t size_bytes() const override { return static_cast<int64_t>(bytes_.size()); }

 private:
  MemoryStore& store_;
  const std::string path_;
  std::string bytes_;
  bool sealed_ = false;
};

Result<std::unique_ptr<ObjectWriter>> MemoryStore::Write(std::string_view path) {
  IOLITE_RETURN_IF_ERROR(internal::CheckObjectPath(path));
  const std::lock_guard lock(mutex_);
  if (objects_.contains(path)) return internal::ObjectExists(kWhere, path);
  return std::unique_ptr<ObjectWriter>(std::make_unique<MemoryWriter>(*this, path));
}

}  // namespace

std::unique_ptr<ObjectStore> MakeMemoryStore() { return std::make_unique<MemoryStore>(); }

}  // namespace iolite::storage
