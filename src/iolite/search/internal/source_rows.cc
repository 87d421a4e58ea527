#include "iolite/search/internal/source_rows.h"

namespace iolite::search::internal {

FilterRowsBuilder::FilterRowsBuilder(const results::Snapshot& snapshot) {
  for (const results::Snapshot::Part& part : snapshot.parts) {
    words_.emplace_back(static_cast<size_t>(part.segment->row_count() + 63) / 64);
  }
}

FilterRows FilterRowsBuilder::Finish() const {
  FilterRows rows;
  for (const std::vector<uint64_t>& words : words_) {
    auto set = std::make_shared<columnar::RowSet>(columnar::RowSet::FromWords(words));
    rows.match_count += static_cast<int64_t>(set->cardinality());
    rows.parts.push_back(std::move(set));
  }
  return rows;
}

Result<FilterRows> RowsOfKeys(const results::Snapshot& snapshot,
                              std::span<const std::string_view> row_ids) {
  FilterRowsBuilder rows(snapshot);
  std::vector<uint32_t> ordinals(row_ids.size());
  for (uint32_t part = 0; part < snapshot.parts.size(); ++part) {
    const results::Snapshot::Part& stored = snapshot.parts[part];
    IOLITE_RETURN_IF_ERROR(stored.segment->FindRows(row_ids, ordinals));
    for (const uint32_t row : ordinals) {
      if (row == segments::Segment::kNoRow) continue;
      if (stored.hidden == nullptr || !stored.hidden->Contains(row)) rows.Add(part, row);
    }
  }
  return rows.Finish();
}

}  // namespace iolite::search::internal
