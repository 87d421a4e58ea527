#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace iolite::vector::internal {

/// Which rows a walk has met: a table that grows with the walk, not with the index, so that it
/// stays in the nearest cache.
class VisitedSet {
 public:
  explicit VisitedSet(size_t expected) {
    while (table_bits_ < 31 && (size_t{1} << table_bits_) < expected * 2) ++table_bits_;
    table_.assign(size_t{1} << table_bits_, 0);
  }

  /// True the first time.
  bool Insert(uint32_t row) {
    if ((count_ + 1) * 2 > table_.size()) Grow();
    return Place(static_cast<uint64_t>(row) + 1);
  }

 private:
  bool Place(uint64_t entry) {
    const size_t mask = table_.size() - 1;
    // The high bits of a product with the golden ratio spread consecutive rows.
    size_t at = (entry * 0x9E3779B97F4A7C15ull) >> (64 - table_bits_);
    for (; table_[at] != 0; at = (at + 1) & mask) {
      if (table_[at] == entry) return false;
    }
    table_[at] = static_cast<uint32_t>(entry);
    ++count_;
    return true;
  }
  void Grow() {
    std::vector<uint32_t> old = std::move(table_);
    ++table_bits_;
    table_.assign(size_t{1} << table_bits_, 0);
    count_ = 0;
    for (uint32_t entry : old) {
      if (entry != 0) Place(entry);
    }
  }

  int table_bits_ = 10;
  size_t count_ = 0;
  std::vector<uint32_t> table_;
};

}  // namespace iolite::vector::internal
