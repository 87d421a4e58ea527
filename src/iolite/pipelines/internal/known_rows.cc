#include "iolite/pipelines/internal/known_rows.h"

#include <algorithm>

#include "iolite/base/hash.h"

namespace iolite::pipelines {
namespace {

constexpr int64_t kTableBytesPerRow = 40;

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool IsContentHash(std::string_view text) {
  return text.size() == 32 &&
         std::all_of(text.begin(), text.end(), [](char c) { return HexValue(c) >= 0; });
}

}  // namespace

KnownRows::Hash KnownRows::Pack(std::string_view content_hash) {
  if (!IsContentHash(content_hash)) return Pack(ContentHash(content_hash));
  Hash packed;
  for (size_t i = 0; i < packed.size(); ++i) {
    packed[i] =
        static_cast<char>(HexValue(content_hash[2 * i]) << 4 | HexValue(content_hash[2 * i + 1]));
  }
  return packed;
}

void KnownRows::Add(std::string_view row_id, std::string_view content_hash) {
  segments::AppendRowMapEntry(*ids_, row_id);
  hashes_.push_back(Pack(content_hash));
}

Status KnownRows::Freeze(Budget& budget) {
  int64_t row_bytes = kTableBytesPerRow + static_cast<int64_t>(sizeof(Hash));
  IOLITE_ASSIGN_OR_RETURN(
      memory_, budget.Reserve(static_cast<int64_t>(ids_->size()) + row_count() * row_bytes));
  met_.assign(hashes_.size(), false);
  IOLITE_ASSIGN_OR_RETURN(map_, segments::RowMap::Make(*ids_, ids_, row_count()));
  return Status::Ok();
}

KnownRows::Match KnownRows::Meet(std::string_view row_id, std::string_view content_hash) {
  if (hashes_.empty()) return Match::kUnknown;
  uint32_t ordinal = segments::RowMap::kNoRow;
  map_->Find({&row_id, 1}, {&ordinal, 1});
  if (ordinal == segments::RowMap::kNoRow) return Match::kUnknown;
  if (!met_[ordinal]) ++met_count_;
  met_[ordinal] = true;
  return hashes_[ordinal] == Pack(content_hash) ? Match::kSame : Match::kChanged;
}

void KnownRows::ForEachUnmet(const std::function<void(std::string_view)>& visit) const {
  if (unmet_count() == 0) return;
  for (uint32_t ordinal = 0; ordinal < met_.size(); ++ordinal) {
    if (!met_[ordinal]) visit(map_->row_id(ordinal));
  }
}

}  // namespace iolite::pipelines
