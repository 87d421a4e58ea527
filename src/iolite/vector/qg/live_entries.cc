#include "iolite/vector/qg/live_entries.h"

#include <algorithm>

namespace iolite::vector::qg {

std::optional<size_t> LiveEntries::PlaceForRow(uint32_t row_count) {
  const size_t count = now().slots().size();
  if (count < Entries::kCountMax) return count;
  const uint64_t place = random_->NextBelow(std::max<uint64_t>(1, row_count));
  return place < Entries::kCountMax ? std::optional<size_t>(place) : std::nullopt;
}

std::optional<size_t> LiveEntries::PlaceOf(uint32_t slot) const {
  const auto& slots = now().slots();
  const auto found = std::find(slots.begin(), slots.end(), slot);
  if (found == slots.end()) return std::nullopt;
  return static_cast<size_t>(found - slots.begin());
}

void LiveEntries::Set(size_t place, uint32_t slot, const Space& space, std::span<const float> mean,
                      std::span<const float> values) {
  auto changed = std::make_unique<Entries>(now());
  changed->Set(place, slot, space, mean, values);
  Publish(std::move(changed));
}

void LiveEntries::Remove(size_t place) {
  auto changed = std::make_unique<Entries>(now());
  changed->Remove(place);
  Publish(std::move(changed));
}

void LiveEntries::Publish(std::unique_ptr<Entries> entries) {
  const Entries* before = now_.exchange(entries.release(), std::memory_order_acq_rel);
  epochs_.Retire([before] { delete before; });
}

}  // namespace iolite::vector::qg
