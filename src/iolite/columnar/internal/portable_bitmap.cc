#include "iolite/columnar/internal/portable_bitmap.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace iolite::columnar::internal {
namespace {

static_assert(std::endian::native == std::endian::little, "the portable format is little-endian");

constexpr uint32_t kCookieWithRuns = 12347;
constexpr uint32_t kCookieWithoutRuns = 12346;
constexpr uint32_t kContainersWithoutOffsets = 4;  // below this many, a bitmap with runs has none
constexpr uint32_t kArrayCardinalityMax = 4096;
constexpr size_t kBitsetBytes = 8192;

template <typename T>
T Load(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

uint16_t U16(std::string_view bytes, size_t index) { return Load<uint16_t>(&bytes[2 * index]); }

Status Damaged(std::string_view reason) {
  return DataLoss("The row bitmap is damaged: {}. Restore the file or rebuild it", reason);
}

/// Hands out pieces from the front and remembers when there were too few bytes.
class Cursor {
 public:
  explicit Cursor(std::string_view rest) : rest_(rest) {}
  std::string_view Take(size_t size) {
    if (size > rest_.size()) {
      short_ = true;
      return {};
    }
    auto piece = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return piece;
  }
  bool is_short() const { return short_; }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  bool short_ = false;
};

struct Header {
  uint32_t container_count = 0;
  std::string_view run_flags;  // one bit a container; empty without runs
  std::string_view keys;       // u16 key and u16 cardinality - 1, each

  bool has_runs(uint32_t index) const {
    return !run_flags.empty() && (static_cast<uint8_t>(run_flags[index / 8]) >> (index % 8) & 1);
  }
};

Result<Header> ReadHeader(Cursor& cursor) {
  Header header;
  auto cookie_bytes = cursor.Take(4);
  if (cursor.is_short()) return Damaged("it has no header");
  const auto cookie = Load<uint32_t>(cookie_bytes.data());
  const bool with_runs = (cookie & 0xFFFF) == kCookieWithRuns;
  if (with_runs) {
    header.container_count = (cookie >> 16) + 1;
    header.run_flags = cursor.Take((header.container_count + 7) / 8);
  } else if (cookie == kCookieWithoutRuns) {
    auto count = cursor.Take(4);
    if (cursor.is_short()) return Damaged("its header ends early");
    header.container_count = Load<uint32_t>(count.data());
  } else {
    return Damaged("it does not begin with a roaring cookie");
  }
  if (header.container_count > 65536) return Damaged("it claims too many containers");
  header.keys = cursor.Take(size_t{4} * header.container_count);
  if (!with_runs || header.container_count >= kContainersWithoutOffsets) {
    cursor.Take(size_t{4} * header.container_count);  // offsets follow from the sizes
  }
  if (cursor.is_short()) return Damaged("its header ends early");
  return header;
}

bool ArrayIsSound(const PortableContainer& container) {
  for (size_t i = 1; i < container.cardinality; ++i) {
    if (U16(container.payload, i - 1) >= U16(container.payload, i)) return false;
  }
  return true;
}

bool BitsetIsSound(const PortableContainer& container) {
  uint32_t count = 0;
  for (size_t i = 0; i < kBitsetBytes; i += 8) {
    count += std::popcount(Load<uint64_t>(&container.payload[i]));
  }
  return count == container.cardinality;
}

bool RunsAreSound(const PortableContainer& container) {
  uint32_t count = 0;
  uint32_t next = 0;  // the lowest start that neither overlaps nor touches the run before
  for (size_t i = 0; i < container.payload.size() / 4; ++i) {
    const uint32_t start = U16(container.payload, 2 * i);
    const uint32_t last = start + U16(container.payload, 2 * i + 1);
    if (start < next || last > 65535) return false;
    count += last - start + 1;
    next = last + 1;
  }
  return count == container.cardinality;
}

bool IsSound(const PortableContainer& container) {
  switch (container.kind) {
    case PortableContainer::Kind::kArray: return ArrayIsSound(container);
    case PortableContainer::Kind::kBitset: return BitsetIsSound(container);
    case PortableContainer::Kind::kRuns: return RunsAreSound(container);
  }
  return false;
}

void TakePayload(Cursor& cursor, bool has_runs, PortableContainer& container) {
  if (has_runs) {
    container.kind = PortableContainer::Kind::kRuns;
    auto count = cursor.Take(2);
    if (!cursor.is_short()) container.payload = cursor.Take(size_t{4} * U16(count, 0));
  } else if (container.cardinality <= kArrayCardinalityMax) {
    container.kind = PortableContainer::Kind::kArray;
    container.payload = cursor.Take(size_t{2} * container.cardinality);
  } else {
    container.kind = PortableContainer::Kind::kBitset;
    container.payload = cursor.Take(kBitsetBytes);
  }
}

template <typename T>
void Store(T value, std::string& out) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

/// The payload of one container whose bits are in at most 1,024 words.
std::string PayloadOf(std::span<const uint64_t> words, uint32_t cardinality) {
  std::string payload;
  if (cardinality > kArrayCardinalityMax) {
    payload.assign(kBitsetBytes, '\0');
    std::memcpy(payload.data(), words.data(), words.size_bytes());
    return payload;
  }
  payload.reserve(size_t{2} * cardinality);
  for (size_t i = 0; i < words.size(); ++i) {
    for (uint64_t word = words[i]; word != 0; word &= word - 1) {
      Store(static_cast<uint16_t>(i * 64 + std::countr_zero(word)), payload);
    }
  }
  return payload;
}

/// Sets bits [begin, end).
void FillRange(uint64_t begin, uint64_t end, std::span<uint64_t> words) {
  end = std::min<uint64_t>(end, words.size() * 64);
  if (begin >= end) return;
  const uint64_t first = begin / 64, last = (end - 1) / 64;
  const uint64_t first_mask = ~uint64_t{0} << (begin % 64);
  const uint64_t last_mask = ~uint64_t{0} >> (63 - (end - 1) % 64);
  if (first == last) {
    words[first] |= first_mask & last_mask;
    return;
  }
  words[first] |= first_mask;
  std::fill(words.begin() + first + 1, words.begin() + last, ~uint64_t{0});
  words[last] |= last_mask;
}

}  // namespace

Result<std::vector<PortableContainer>> ParsePortableBitmap(std::string_view bytes) {
  Cursor cursor(bytes);
  IOLITE_ASSIGN_OR_RETURN(auto header, ReadHeader(cursor));
  std::vector<PortableContainer> containers(header.container_count);
  for (uint32_t i = 0; i < header.container_count; ++i) {
    auto& container = containers[i];
    container.base = uint32_t{U16(header.keys, 2 * i)} << 16;
    container.cardinality = uint32_t{U16(header.keys, 2 * i + 1)} + 1;
    if (i > 0 && container.base <= containers[i - 1].base) {
      return Damaged("its containers are out of order");
    }
    TakePayload(cursor, header.has_runs(i), container);
    if (cursor.is_short()) return Damaged("it ends early");
    if (!IsSound(container)) return Damaged("a container contradicts its count or order");
  }
  if (!cursor.at_end()) return Damaged("other bytes follow its end");
  return containers;
}

void FillWords(const PortableContainer& container, std::span<uint64_t> words) {
  const uint64_t base = container.base;
  const std::string_view payload = container.payload;
  if (base / 64 >= words.size()) return;
  switch (container.kind) {
    case PortableContainer::Kind::kBitset: {
      const size_t count = std::min(kBitsetBytes / 8, words.size() - base / 64);
      std::memcpy(&words[base / 64], payload.data(), count * 8);
      return;
    }
    case PortableContainer::Kind::kArray:
      for (size_t i = 0; i < payload.size() / 2; ++i) {
        const uint64_t ordinal = base + U16(payload, i);
        if (ordinal / 64 >= words.size()) return;
        words[ordinal / 64] |= uint64_t{1} << (ordinal % 64);
      }
      return;
    case PortableContainer::Kind::kRuns:
      for (size_t i = 0; i < payload.size() / 4; ++i) {
        const uint64_t begin = base + U16(payload, 2 * i);
        FillRange(begin, begin + U16(payload, 2 * i + 1) + 1, words);
      }
      return;
  }
}

std::string PortableFromWords(std::span<const uint64_t> words) {
  constexpr size_t kContainerWords = 1024;
  std::string keys, payloads;
  std::vector<uint32_t> offsets;
  for (size_t begin = 0; begin < words.size(); begin += kContainerWords) {
    const auto part = words.subspan(begin, std::min(kContainerWords, words.size() - begin));
    uint32_t cardinality = 0;
    for (const uint64_t word : part) cardinality += std::popcount(word);
    if (cardinality == 0) continue;
    Store(static_cast<uint16_t>(begin / kContainerWords), keys);
    Store(static_cast<uint16_t>(cardinality - 1), keys);
    offsets.push_back(static_cast<uint32_t>(payloads.size()));
    payloads += PayloadOf(part, cardinality);
  }
  std::string bytes;
  Store(kCookieWithoutRuns, bytes);
  Store(static_cast<uint32_t>(offsets.size()), bytes);
  bytes += keys;
  const auto header_bytes = static_cast<uint32_t>(bytes.size() + 4 * offsets.size());
  for (const uint32_t offset : offsets) Store(header_bytes + offset, bytes);
  return bytes + payloads;
}

}  // namespace iolite::columnar::internal
