#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"

namespace iolite::columnar {

/// A set of row ordinals below 2^32: what a filter lets through, or which rows are hidden. A
/// compressed bitmap (roaring, https://roaringbitmap.org) inside.
///
/// A set that was moved from may only be assigned to or destroyed.
///
/// Threads: any number may read; one may change.
class RowSet {
 public:
  RowSet();
  ~RowSet();
  RowSet(const RowSet& other);
  RowSet(RowSet&& other) noexcept;
  RowSet& operator=(RowSet other) noexcept;

  /// The ordinals [begin, end).
  static RowSet Range(uint32_t begin, uint32_t end);
  /// In any order; fastest when ascending.
  static RowSet Of(std::span<const uint32_t> ordinals);
  /// Bit `i % 64` of `words[i / 64]` says whether `i` is in; the inverse of ToWords().
  static RowSet FromWords(std::span<const uint64_t> words);

  void Add(uint32_t ordinal);
  void Remove(uint32_t ordinal);
  bool Contains(uint32_t ordinal) const;
  uint64_t cardinality() const;
  bool empty() const;
  /// What the bitmap takes in memory, about.
  int64_t memory_bytes() const;
  bool operator==(const RowSet& other) const;

  RowSet And(const RowSet& other) const;
  RowSet Or(const RowSet& other) const;
  RowSet AndNot(const RowSet& other) const;
  /// And(other).cardinality(), without making the set.
  uint64_t AndCardinality(const RowSet& other) const;

  /// Calls `visit` in ascending order.
  void ForEach(const std::function<void(uint32_t)>& visit) const;
  std::vector<uint32_t> ToVector() const;
  /// One bit a row for the first `row_count` rows, in words of 64: for inner loops that test every
  /// row. Ordinals at or past `row_count` are left out. Costs a memory copy (117,659 rows:
  /// microseconds).
  std::vector<uint64_t> ToWords(uint32_t row_count) const;

  /// The portable roaring format (https://github.com/RoaringBitmap/RoaringFormatSpec).
  std::string Serialize() const;
  /// kDataLoss when `bytes` are not a whole portable bitmap.
  static Result<RowSet> Deserialize(std::string_view bytes);

 private:
  struct Impl;
  explicit RowSet(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace iolite::columnar
