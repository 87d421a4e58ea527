#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "iolite/storage/object_store.h"

namespace iolite::storage::testing {

/// An object store that fails when told to, for the tests of rooms above.
///
/// Every call counts as one operation, a writer's Append() and Seal() too; LocalPath() does not.
/// Threads: as the store inside.
class FaultStore final : public ObjectStore {
 public:
  explicit FaultStore(ObjectStore& inner) : inner_(inner) {}

  enum class Moment {
    kBefore,  ///< nothing is done
    kAfter,   ///< it is done, and the answer is lost
  };
  /// The `index`-th operation from now (1 is the next) answers `status`.
  void FailOperation(int64_t index, Status status, Moment moment = Moment::kBefore);
  /// The `index`-th operation from now and all that follow answer `status`.
  void FailFrom(int64_t index, Status status);
  /// No more faults.
  void Heal();
  int64_t operation_count() const { return operation_count_; }

  Result<Object> Get(std::string_view path) const override;
  Result<std::string> GetRange(std::string_view path, int64_t offset_bytes,
                               int64_t size_bytes) const override;
  Result<ObjectInfo> Head(std::string_view path) const override;
  Result<std::shared_ptr<const MappedObject>> Map(std::string_view path) const override;
  Result<Etag> PutIfAbsent(std::string_view path, std::string_view bytes) override;
  Result<Etag> PutIfMatch(std::string_view path, std::string_view bytes, const Etag& etag) override;
  Result<std::unique_ptr<ObjectWriter>> Write(std::string_view path) override;
  Result<std::vector<ObjectInfo>> List(std::string_view prefix) const override;
  Status Delete(std::string_view path) override;
  std::optional<std::string> LocalPath(std::string_view path) const override;

 private:
  friend class FaultWriter;
  /// Runs `operation` with the fault that is due, if any.
  template <typename Operation>
  auto Run(Operation operation) const -> decltype(operation()) {
    const int64_t index = ++operation_count_;
    const bool due = index == fail_at_ || (fail_on_ && index > fail_at_);
    if (!due) return operation();
    if (moment_ == Moment::kAfter) (void)operation();
    return status_;
  }

  ObjectStore& inner_;
  mutable std::atomic<int64_t> operation_count_ = 0;
  int64_t fail_at_ = 0;
  bool fail_on_ = false;
  Status status_;
  Moment moment_ = Moment::kBefore;
};

}  // namespace iolite::storage::testing
