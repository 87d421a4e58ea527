#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/budget.h"
#include "iolite/base/status.h"
#include "iolite/storage/object_store.h"

namespace iolite::text::internal {

using WriteFunction = std::function<Status(std::string_view bytes)>;

/// Objects that a build sets aside, and that go when this does: `<prefix>.run-1` and on.
///
/// Threads: one.
class SpillArea {
 public:
  /// Without a store nothing can be set aside.
  SpillArea(storage::ObjectStore* store, std::string prefix)
      : store_(store), prefix_(std::move(prefix)) {}
  ~SpillArea();
  SpillArea(const SpillArea&) = delete;
  SpillArea& operator=(const SpillArea&) = delete;

  bool usable() const { return store_ != nullptr; }
  storage::ObjectStore& store() { return *store_; }
  /// A new object; `path` becomes its name.
  Result<std::unique_ptr<storage::ObjectWriter>> Write(std::string* path);
  void Delete(const std::string& path);

 private:
  storage::ObjectStore* const store_;
  const std::string prefix_;
  std::vector<std::string> paths_;
  size_t count_ = 0;
};

/// Bytes that are wanted later: in memory while the budget lasts, else set aside.
class SpillBuffer {
 public:
  SpillBuffer(SpillArea& area, Budget& budget) : area_(area), budget_(budget) {}

  Status Append(std::string_view bytes);
  uint64_t size() const { return size_; }
  /// Hands on everything and forgets it.
  Status MoveTo(const WriteFunction& write);

 private:
  Status Spill();

  SpillArea& area_;
  Budget& budget_;
  std::string memory_;
  Reservation reservation_;
  std::unique_ptr<storage::ObjectWriter> writer_;
  std::string path_;
  uint64_t size_ = 0;
};

/// Hands bytes on, counts them, and sums extents.
class SummedOutput {
 public:
  explicit SummedOutput(const WriteFunction& write) : write_(write) {}

  Status Write(std::string_view bytes);
  /// Fills with zeros up to the place where a section may begin.
  Status Align();
  uint64_t offset() const { return offset_; }
  /// The checksums of all extents; the last one ends here.
  std::string FinishSums();

 private:
  const WriteFunction& write_;
  uint64_t offset_ = 0;
  size_t in_extent_ = 0;
  uint32_t sum_ = 0;
  std::string sums_;
};

}  // namespace iolite::text::internal
