#include "iolite/vector/internal/usearch_writer.h"

#include <cstring>
#include <vector>

#include <usearch/index.hpp>

#include "iolite/vector/internal/usearch_codes.h"

namespace iolite::vector::internal {
namespace {

constexpr size_t kEntryAt = 32;

template <class T>
void Put(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

template <class T>
T Read(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

// Where the vertex of a row stands in what was saved, and how many levels it has above the lowest.
struct Place {
  size_t at;
  int16_t level;
};

// The bytes of vertices: of their lowest level with what stands before it, and of each above.
struct Sizes {
  explicit Sizes(size_t connectivity)
      : base(kUsearchVertexHeadBytes + 4 + 8 * connectivity), upper(4 + 4 * connectivity) {}
  size_t Of(int16_t level) const { return base + static_cast<size_t>(level) * upper; }

  const size_t base, upper;
};

std::vector<Place> PlacesByRow(std::string_view saved, std::span<const uint32_t> row_of_slot,
                               const Sizes& sizes) {
  std::vector<Place> places(row_of_slot.size());
  size_t at = 2 * row_of_slot.size();
  for (size_t slot = 0; slot < row_of_slot.size(); ++slot) {
    const auto level = Read<int16_t>(saved.data() + 2 * slot);
    places[row_of_slot[slot]] = {at, level};
    at += sizes.Of(level);
  }
  return places;
}

void RenameLinks(char* links, std::span<const uint32_t> row_of_slot) {
  const auto count = Read<uint32_t>(links);
  for (uint32_t i = 0; i < count; ++i) {
    char* link = links + 4 + 4 * size_t{i};
    std::memcpy(link, &row_of_slot[Read<uint32_t>(link)], 4);
  }
}

}  // namespace

void AppendUsearchHead(const UsearchHead& head, std::string& file) {
  const size_t start = file.size();
  file.append("usearch");
  Put<uint16_t>(file, USEARCH_VERSION_MAJOR);
  Put<uint16_t>(file, USEARCH_VERSION_MINOR);
  Put<uint16_t>(file, USEARCH_VERSION_PATCH);
  Put<uint8_t>(file, CodeOf(kUsearchMetrics, head.metric).value());
  Put<uint8_t>(file, CodeOf(kUsearchElements, head.element_type).value());
  Put<uint8_t>(file, kUsearchKeyU64);
  Put<uint8_t>(file, kUsearchSlotU32);
  Put<uint64_t>(file, head.row_count);
  Put<uint64_t>(file, 0);  // deleted
  Put<uint64_t>(file, head.dimension);
  file.resize(start + kUsearchHeadBytes, '\0');
}

void AppendUsearchGraph(std::string_view saved, std::span<const uint32_t> row_of_slot,
                        size_t connectivity, std::string& file) {
  const size_t graph_start = file.size();
  file.append(saved.substr(0, kUsearchGraphHeaderBytes));
  const uint64_t entry = row_of_slot[Read<uint64_t>(saved.data() + kEntryAt)];
  std::memcpy(file.data() + graph_start + kEntryAt, &entry, 8);
  saved.remove_prefix(kUsearchGraphHeaderBytes);
  const Sizes sizes(connectivity);
  const std::vector<Place> places = PlacesByRow(saved, row_of_slot, sizes);
  for (const Place& place : places) Put(file, place.level);
  for (const Place& place : places) {
    const size_t start = file.size();
    file.append(saved.substr(place.at, sizes.Of(place.level)));
    RenameLinks(file.data() + start + kUsearchVertexHeadBytes, row_of_slot);
    for (int16_t level = 0; level < place.level; ++level) {
      RenameLinks(file.data() + start + sizes.Of(level), row_of_slot);
    }
  }
}

}  // namespace iolite::vector::internal
