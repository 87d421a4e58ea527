#include "iolite/segments/row_map.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>

namespace iolite::segments {
namespace {

constexpr size_t kLengthBytes = 4;

uint32_t LoadU32(const char* from) {
  unsigned char bytes[4];
  std::memcpy(bytes, from, sizeof bytes);
  return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | static_cast<uint32_t>(bytes[3]) << 24;
}

void AppendU32(std::string& bytes, uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(value >> shift));
}

uint64_t HashOf(std::string_view row_id) { return std::hash<std::string_view>()(row_id); }

uint64_t SlotOf(uint64_t hash, uint32_t ordinal) {
  return (hash & 0xFFFFFFFF00000000) | (ordinal + 1);
}

}  // namespace

void AppendRowMapHeader(std::string& bytes) { AppendU32(bytes, kRowMapVersion); }

void AppendRowMapEntry(std::string& bytes, std::string_view row_id) {
  AppendU32(bytes, static_cast<uint32_t>(row_id.size()));
  bytes.append(row_id);
}

Result<std::unique_ptr<RowMap>> RowMap::Make(std::string_view bytes,
                                             std::shared_ptr<const void> owner, int64_t row_count) {
  std::unique_ptr<RowMap> map(new RowMap(bytes, std::move(owner)));
  IOLITE_RETURN_IF_ERROR(map->ReadEnds(row_count));
  return map;
}

Status RowMap::ReadEnds(int64_t row_count) {
  if (bytes_.size() < kLengthBytes) return DataLoss("the row map has no header");
  if (uint32_t version = LoadU32(bytes_.data()); version != kRowMapVersion) {
    return DataLoss("the row map has version {}, not {}", version, kRowMapVersion);
  }
  ends_.reserve(static_cast<size_t>(row_count) + 1);
  uint64_t end = kLengthBytes;
  ends_.push_back(end);
  for (int64_t row = 0; row < row_count; ++row) {
    if (bytes_.size() - end < kLengthBytes) return DataLoss("the row map ends at row {}", row);
    uint64_t length = LoadU32(bytes_.data() + end);
    end += kLengthBytes;
    if (bytes_.size() - end < length) return DataLoss("the row map ends within row {}", row);
    end += length;
    ends_.push_back(end);
  }
  if (end != bytes_.size())
    return DataLoss("the row map has {} bytes too many", bytes_.size() - end);
  return Status::Ok();
}

std::string_view RowMap::row_id(uint32_t ordinal) const {
  uint64_t begin = ends_[ordinal] + kLengthBytes;
  return bytes_.substr(begin, ends_[ordinal + 1] - begin);
}

void RowMap::BuildSlots() const {
  size_t slot_count = std::bit_ceil(std::max<size_t>(8, size_t{row_count()} * 4 / 3));
  slots_.assign(slot_count, 0);
  size_t mask = slot_count - 1;
  for (uint32_t ordinal = 0; ordinal < row_count(); ++ordinal) {
    uint64_t hash = HashOf(row_id(ordinal));
    size_t slot = hash & mask;
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = SlotOf(hash, ordinal);
  }
}

uint32_t RowMap::FindHashed(std::string_view row_id, uint64_t hash) const {
  size_t mask = slots_.size() - 1;
  for (size_t slot = hash & mask; slots_[slot] != 0; slot = (slot + 1) & mask) {
    if ((slots_[slot] ^ hash) >> 32 != 0) continue;
    uint32_t ordinal = static_cast<uint32_t>(slots_[slot]) - 1;
    if (this->row_id(ordinal) == row_id) return ordinal;
  }
  return kNoRow;
}

void RowMap::Find(std::span<const std::string_view> row_ids, std::span<uint32_t> ordinals) const {
  std::call_once(slots_once_, [this] { BuildSlots(); });
  // Each look-up misses the cache about three times; hashing a group first lets the misses overlap.
  constexpr size_t kGroup = 16;
  uint64_t hashes[kGroup];
  size_t mask = slots_.size() - 1;
  for (size_t begin = 0; begin < row_ids.size(); begin += kGroup) {
    size_t count = std::min(kGroup, row_ids.size() - begin);
    for (size_t i = 0; i < count; ++i) {
      hashes[i] = HashOf(row_ids[begin + i]);
      __builtin_prefetch(&slots_[hashes[i] & mask]);
    }
    for (size_t i = 0; i < count; ++i) {
      if (uint64_t slot = slots_[hashes[i] & mask]; slot != 0) {
        __builtin_prefetch(&ends_[static_cast<uint32_t>(slot) - 1]);
      }
    }
    for (size_t i = 0; i < count; ++i) {
      ordinals[begin + i] = FindHashed(row_ids[begin + i], hashes[i]);
    }
  }
}

}  // namespace iolite::segments
