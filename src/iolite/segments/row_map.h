#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"

/// Ordinals to row ids and back: `<stem>.idx.rowmap`.

namespace iolite::segments {

/// The file's bytes: u32 little-endian version 1, then per row u32 little-endian length and UTF-8
/// id.
inline constexpr uint32_t kRowMapVersion = 1;

/// Appends the header, or one row, to `bytes`.
void AppendRowMapHeader(std::string& bytes);
void AppendRowMapEntry(std::string& bytes, std::string_view row_id);

/// Reads a row map in place. Making one walks the file once (a million rows: milliseconds).
///
/// Threads: any number.
class RowMap {
 public:
  static constexpr uint32_t kNoRow = UINT32_MAX;

  /// `owner` keeps `bytes` alive. kDataLoss when they are not a whole map of `row_count` rows.
  static Result<std::unique_ptr<RowMap>> Make(std::string_view bytes,
                                              std::shared_ptr<const void> owner, int64_t row_count);

  uint32_t row_count() const { return static_cast<uint32_t>(ends_.size()) - 1; }
  /// `ordinal` must be below row_count().
  std::string_view row_id(uint32_t ordinal) const;
  /// Fills `ordinals[i]` with the ordinal of `row_ids[i]`, or kNoRow. The first call builds a hash
  /// table of 16 to 32 bytes a row.
  void Find(std::span<const std::string_view> row_ids, std::span<uint32_t> ordinals) const;

 private:
  RowMap(std::string_view bytes, std::shared_ptr<const void> owner)
      : bytes_(bytes), owner_(std::move(owner)) {}
  Status ReadEnds(int64_t row_count);
  void BuildSlots() const;
  uint32_t FindHashed(std::string_view row_id, uint64_t hash) const;

  std::string_view bytes_;
  std::shared_ptr<const void> owner_;
  std::vector<uint64_t>
      ends_;  ///< ends_[i + 1] is where row i ends; ends_[0] where the header does
  mutable std::once_flag slots_once_;
  /// Open addressing; a slot holds 32 bits of the hash and the ordinal plus one, 0 when free.
  mutable std::vector<uint64_t> slots_;
};

}  // namespace iolite::segments
