#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "iolite/base/random.h"
#include "iolite/vector/qg/entries.h"
#include "iolite/vector/qg/epochs.h"

namespace iolite::vector::qg {

/// The entries of an index that changes: a table that nobody changes, and another one in its place.
///
/// Threads: any number may read between Epochs::Enter and its Guard's end; one writer at a time.
class LiveEntries {
 public:
  LiveEntries(const Entries& entries, Epochs& epochs, uint64_t seed)
      : epochs_(epochs), now_(new Entries(entries)), random_(Random::Seeded(seed)) {}
  ~LiveEntries() { delete now_.load(std::memory_order_relaxed); }
  LiveEntries(const LiveEntries&) = delete;
  LiveEntries& operator=(const LiveEntries&) = delete;

  const Entries& now() const { return *now_.load(std::memory_order_acquire); }

  /// Where a new row enters, if it does: entries are a sample of all rows, and the n-th one gets
  /// the chance it would have in a random choice.
  std::optional<size_t> PlaceForRow(uint32_t row_count);
  /// Where a slot is an entry, if it is one.
  std::optional<size_t> PlaceOf(uint32_t slot) const;

  /// As Entries has them.
  void Set(size_t place, uint32_t slot, const Space& space, std::span<const float> mean,
           std::span<const float> values);
  void Remove(size_t place);

 private:
  void Publish(std::unique_ptr<Entries> entries);

  Epochs& epochs_;
  std::atomic<const Entries*> now_;
  std::unique_ptr<Random> random_;
};

}  // namespace iolite::vector::qg
