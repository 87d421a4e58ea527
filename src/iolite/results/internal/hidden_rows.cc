#include "iolite/results/internal/hidden_rows.h"

#include <algorithm>
#include <utility>

namespace iolite::results {

Result<HiddenRows> HiddenRows::Open(TableStorage& storage, const TableManifest& manifest) {
  HiddenRows hidden(storage);
  for (const auto& entry : manifest.segments) {
    IOLITE_ASSIGN_OR_RETURN(auto segment,
                            segments::Segment::Open(storage.segment_options(), entry.stem));
    IOLITE_ASSIGN_OR_RETURN(auto rows, segment->Hidden(entry.hidden_version));
    hidden.parts_.push_back(
        {.segment = std::move(segment), .hidden = rows ? *rows : columnar::RowSet()});
  }
  return hidden;
}

Status HiddenRows::Hide(std::span<const std::string_view> row_ids) {
  std::vector<uint32_t> ordinals(row_ids.size());
  for (auto& part : parts_) {
    IOLITE_RETURN_IF_ERROR(part.segment->FindRows(row_ids, ordinals));
    for (uint32_t ordinal : ordinals) {
      if (ordinal == segments::Segment::kNoRow || part.hidden.Contains(ordinal)) continue;
      part.hidden.Add(ordinal);
      part.changed = true;
    }
  }
  return Status::Ok();
}

Status HiddenRows::Write(int64_t version, TableManifest& manifest) {
  for (const auto& part : parts_) {
    if (!part.changed) continue;
    auto entry =
        std::find_if(manifest.segments.begin(), manifest.segments.end(),
                     [&](const auto& segment) { return segment.stem == part.segment->stem(); });
    entry->hidden_count = static_cast<int64_t>(part.hidden.cardinality());
    entry->hidden_version = version;
    if (entry->hidden_count == entry->row_count) continue;
    auto put = storage_->store().PutIfAbsent(segments::HiddenPath(entry->stem, version),
                                             part.hidden.Serialize());
    if (!put.ok()) return put.status();
  }
  std::erase_if(manifest.segments,
                [](const auto& segment) { return segment.hidden_count == segment.row_count; });
  return Status::Ok();
}

}  // namespace iolite::results
