#include "iolite/text/internal/lengths.h"

#include <algorithm>

#include "iolite/text/internal/layout.h"

namespace iolite::text::internal {

LengthTable::LengthTable(std::span<const uint32_t> lengths)
    : distinct_(lengths.begin(), lengths.end()) {
  std::sort(distinct_.begin(), distinct_.end());
  for (const uint32_t length : distinct_) {
    rows_with_text_ += length > 0 ? 1 : 0;
    total_ += length;
  }
  distinct_.erase(std::unique(distinct_.begin(), distinct_.end()), distinct_.end());
  distinct_.shrink_to_fit();
  const size_t count = std::min(distinct_.size(), kBoundLengthsMax);
  for (size_t i = 0; i < count; ++i) bounds_.push_back(distinct_[i * distinct_.size() / count]);
  bound_codes_.reserve(lengths.size());
  for (const uint32_t length : lengths) {
    const auto above = std::upper_bound(bounds_.begin(), bounds_.end(), length);
    bound_codes_.push_back(static_cast<uint8_t>(above - bounds_.begin() - 1));
  }
}

std::string LengthTable::Codes(std::span<const uint32_t> lengths) const {
  const size_t width = distinct_.size() <= 256 ? 1 : distinct_.size() <= 65536 ? 2 : 4;
  std::string codes;
  codes.reserve(lengths.size() * width);
  for (const uint32_t length : lengths) {
    const auto place = std::lower_bound(distinct_.begin(), distinct_.end(), length);
    const auto code = static_cast<uint32_t>(place - distinct_.begin());
    codes.append(reinterpret_cast<const char*>(&code), width);
  }
  return codes;
}

}  // namespace iolite::text::internal
