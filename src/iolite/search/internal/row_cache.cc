#include "iolite/search/internal/row_cache.h"

#include <limits>
#include <utility>

namespace iolite::search::internal {

std::shared_ptr<const void> RowCache::FindKept(const Key& key, std::shared_ptr<Entry>* entry) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Entry>& found = entries_[key];
  if (!found) found = std::make_shared<Entry>();
  if (found->kept) order_.splice(order_.begin(), order_, found->place);
  *entry = found;
  return found->kept ? found->value : nullptr;
}

Result<std::shared_ptr<const void>> RowCache::GetAny(const Key& key,
                                                     const std::function<Result<Piece>()>& load) {
  while (true) {
    std::shared_ptr<Entry> entry;
    if (auto value = FindKept(key, &entry)) return value;
    const std::lock_guard loading(entry->loading);
    std::shared_ptr<Entry> now;
    if (auto value = FindKept(key, &now)) return value;
    // Who waited for a load that failed or was forgotten goes to the entry that stands there now,
    // so that an entry is only ever loaded by the holder of its mutex.
    if (now == entry) return Load(key, entry, load);
  }
}

Result<std::shared_ptr<const void>> RowCache::Load(const Key& key,
                                                   const std::shared_ptr<Entry>& entry,
                                                   const std::function<Result<Piece>()>& load) {
  Result<Piece> piece = load();
  if (!piece.ok()) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found != entries_.end() && found->second == entry) entries_.erase(found);
    return piece.status();
  }
  Keep(key, entry, *piece);
  return piece->value;
}

void RowCache::Keep(const Key& key, const std::shared_ptr<Entry>& entry, const Piece& piece) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second != entry) return;  // forgotten while it was loaded
  while (!order_.empty() && bytes_ + piece.bytes > bytes_max_) DropOldest();
  Result<Reservation> reservation = budget_->Reserve(piece.bytes);
  if (piece.bytes > bytes_max_ || !reservation.ok()) {
    entries_.erase(found);
    return;
  }
  entry->value = piece.value;
  entry->reservation = std::move(*reservation);
  entry->place = order_.insert(order_.begin(), key);
  entry->kept = true;
  bytes_ += piece.bytes;
}

void RowCache::DropOldest() {
  const auto found = entries_.find(order_.back());
  bytes_ -= found->second->reservation.bytes();
  entries_.erase(found);
  order_.pop_back();
}

bool RowCache::Has(const Key& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  return found != entries_.end() && found->second->kept;
}

void RowCache::Forget(uint64_t source_version) {
  const std::lock_guard lock(mutex_);
  constexpr int32_t kFirst = std::numeric_limits<int32_t>::min();
  auto entry = entries_.lower_bound(Key{source_version, kFirst, kFirst, kFirst});
  while (entry != entries_.end() && entry->first.source_version == source_version) {
    if (entry->second->kept) {
      bytes_ -= entry->second->reservation.bytes();
      order_.erase(entry->second->place);
    }
    entry = entries_.erase(entry);
  }
}

int64_t RowCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace iolite::search::internal
