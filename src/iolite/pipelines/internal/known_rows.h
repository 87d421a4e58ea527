#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/budget.h"
#include "iolite/base/status.h"
#include "iolite/segments/row_map.h"

namespace iolite::pipelines {

/// Rows that have a vector already: their ids and what went into them, and which of them were met
/// again. Takes about 50 bytes a row and the ids, drawn from a budget.
///
/// Threads: one.
class KnownRows {
 public:
  enum class Match { kUnknown, kSame, kChanged };

  KnownRows() : ids_(std::make_shared<std::string>()) { segments::AppendRowMapHeader(*ids_); }

  void Add(std::string_view row_id, std::string_view content_hash);
  /// Ends adding. kResourceExhausted when the budget does not hold them.
  Status Freeze(Budget& budget);
  /// Compares a row of the source with what is known of it, and remembers that it was met.
  Match Meet(std::string_view row_id, std::string_view content_hash);
  /// Calls `visit` with the rows that were not met.
  void ForEachUnmet(const std::function<void(std::string_view row_id)>& visit) const;

  int64_t row_count() const { return static_cast<int64_t>(hashes_.size()); }
  int64_t unmet_count() const { return row_count() - met_count_; }

 private:
  using Hash = std::array<char, 16>;
  static Hash Pack(std::string_view content_hash);

  std::shared_ptr<std::string> ids_;  ///< as a row map; shared with map_
  std::vector<Hash> hashes_;
  std::vector<bool> met_;
  int64_t met_count_ = 0;
  std::unique_ptr<segments::RowMap> map_;
  Reservation memory_;
};

}  // namespace iolite::pipelines
