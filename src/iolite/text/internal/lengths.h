#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace iolite::text::internal {

/// How long the texts of all rows are: exactly, as codes of a table, and roughly, for bounds.
class LengthTable {
 public:
  explicit LengthTable(std::span<const uint32_t> lengths);

  const std::vector<uint32_t>& distinct() const { return distinct_; }
  /// At most 256 of the lengths, ascending, the shortest among them.
  const std::vector<uint32_t>& bounds() const { return bounds_; }
  /// The place in bounds() of the longest that is not longer than the row's text.
  uint8_t bound_code(uint32_t row) const { return bound_codes_.empty() ? 0 : bound_codes_[row]; }
  uint32_t rows_with_text() const { return rows_with_text_; }
  uint64_t total() const { return total_; }
  /// A row's place in distinct(), of the fewest of 1, 2 and 4 bytes that tell all.
  std::string Codes(std::span<const uint32_t> lengths) const;

 private:
  std::vector<uint32_t> distinct_, bounds_;
  std::vector<uint8_t> bound_codes_;
  uint32_t rows_with_text_ = 0;
  uint64_t total_ = 0;
};

}  // namespace iolite::text::internal
