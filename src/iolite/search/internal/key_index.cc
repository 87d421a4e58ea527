#include "iolite/search/internal/key_index.h"

#include <bit>
#include <functional>

namespace iolite::search::internal {
namespace {

constexpr uint64_t kRowMask = (uint64_t{1} << 40) - 1;

}  // namespace

KeyIndex::Builder::Builder(int64_t row_count_estimate) {
  ends_.reserve(static_cast<size_t>(row_count_estimate));
}

void KeyIndex::Builder::Add(std::optional<std::string_view> key) {
  if (key) text_.append(*key);
  ends_.push_back(text_.size());
  nulls_.push_back(!key);
}

KeyIndex KeyIndex::Builder::Finish() {
  KeyIndex index;
  index.text_ = std::move(text_);
  index.ends_ = std::move(ends_);
  index.slots_.resize(std::bit_ceil(index.ends_.size() * 3 / 2 + 1));
  for (int64_t row = 0; row < index.row_count(); ++row) {
    if (!nulls_[static_cast<size_t>(row)]) index.Insert(row);
  }
  return index;
}

std::string_view KeyIndex::key(int64_t row) const {
  const uint64_t begin = row == 0 ? 0 : ends_[static_cast<size_t>(row) - 1];
  return std::string_view(text_).substr(begin, ends_[static_cast<size_t>(row)] - begin);
}

void KeyIndex::Insert(int64_t row) {
  const std::string_view text = key(row);
  const uint64_t hash = std::hash<std::string_view>()(text);
  size_t at = hash & (slots_.size() - 1);
  for (; slots_[at] != 0; at = (at + 1) & (slots_.size() - 1)) {
    const bool same_tag = ((slots_[at] ^ hash) & ~kRowMask) == 0;
    if (same_tag && key(static_cast<int64_t>(slots_[at] & kRowMask) - 1) == text) return;
  }
  slots_[at] = (hash & ~kRowMask) | static_cast<uint64_t>(row + 1);
}

std::optional<int64_t> KeyIndex::Find(std::string_view text) const {
  const uint64_t hash = std::hash<std::string_view>()(text);
  for (size_t at = hash & (slots_.size() - 1); slots_[at] != 0;
       at = (at + 1) & (slots_.size() - 1)) {
    if (((slots_[at] ^ hash) & ~kRowMask) != 0) continue;
    const int64_t row = static_cast<int64_t>(slots_[at] & kRowMask) - 1;
    if (key(row) == text) return row;
  }
  return std::nullopt;
}

int64_t KeyIndex::memory_bytes() const {
  return static_cast<int64_t>(text_.capacity() + (ends_.capacity() + slots_.capacity()) * 8);
}

}  // namespace iolite::search::internal
