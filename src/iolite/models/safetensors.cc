#include "iolite/models/safetensors.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include <nlohmann/json.hpp>

namespace iolite::models {
namespace {

/// The format's own limit; a larger header is no header.
constexpr uint64_t kHeaderBytesMax = 100'000'000;

/// Bits of one element; nullopt for a type we have not heard of.
std::optional<uint64_t> ElementBits(std::string_view type) {
  struct Row {
    std::string_view type;
    uint64_t bits;
  };
  static constexpr Row kRows[] = {
      {"F64", 64}, {"I64", 64}, {"U64", 64},    {"C64", 64},    {"F32", 32},    {"I32", 32},
      {"U32", 32}, {"F16", 16}, {"BF16", 16},   {"I16", 16},    {"U16", 16},    {"I8", 8},
      {"U8", 8},   {"BOOL", 8}, {"F8_E4M3", 8}, {"F8_E5M2", 8}, {"F8_E8M0", 8}, {"F4", 4}};
  for (const Row& row : kRows) {
    if (row.type == type) return row.bits;
  }
  return std::nullopt;
}

struct HeaderEntry {
  std::string type;
  std::vector<int64_t> shape;
  uint64_t start = 0;
  uint64_t end = 0;
};

Result<HeaderEntry> ReadEntry(const nlohmann::json& json) {
  HeaderEntry entry;
  try {
    entry.type = json.at("dtype").get<std::string>();
    for (const auto& size : json.at("shape")) {
      if (!size.is_number_unsigned()) return DataLoss("a dimension is {}", size.dump());
      entry.shape.push_back(size.get<int64_t>());
    }
    const auto& offsets = json.at("data_offsets");
    if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
        !offsets[1].is_number_unsigned()) {
      return DataLoss("its data_offsets are {}", offsets.dump());
    }
    entry.start = offsets[0].get<uint64_t>();
    entry.end = offsets[1].get<uint64_t>();
  } catch (const nlohmann::json::exception& error) {
    return DataLoss("its header entry is {} ({})", json.dump(), error.what());
  }
  return entry;
}

/// Bytes that the shape takes; nullopt when they do not fit a number.
std::optional<uint64_t> ShapeBytes(const std::vector<int64_t>& shape, uint64_t element_bits) {
  unsigned __int128 bits = element_bits;
  for (const int64_t size : shape) {
    if (size < 0) return std::nullopt;
    bits *= static_cast<uint64_t>(size);
    if (bits > (static_cast<unsigned __int128>(1) << 62)) return std::nullopt;
  }
  return static_cast<uint64_t>((bits + 7) / 8);
}

Status CheckEntry(const HeaderEntry& entry, uint64_t data_bytes) {
  if (entry.start > entry.end || entry.end > data_bytes) {
    return DataLoss(
        "its bytes [{}, {}) lie outside the {} bytes of data: the file is cut off or damaged",
        entry.start, entry.end, data_bytes);
  }
  const auto bits = ElementBits(entry.type);
  if (!bits) return DataLoss("its element type `{}` is unknown", entry.type);
  const auto wanted = ShapeBytes(entry.shape, *bits);
  if (!wanted || *wanted != entry.end - entry.start) {
    return DataLoss("it has {} bytes where {} elements of shape {} take {}",
                    entry.end - entry.start, entry.type, nlohmann::json(entry.shape).dump(),
                    wanted ? std::to_string(*wanted) : "too many");
  }
  return Status::Ok();
}

/// The data must be covered without gaps or overlaps, so that no byte means two things.
Status CheckCover(const std::map<std::string, SafeTensor, std::less<>>& tensors,
                  const std::byte* data, uint64_t data_bytes) {
  std::vector<std::pair<const SafeTensor*, const std::string*>> order;
  for (const auto& [name, tensor] : tensors) order.emplace_back(&tensor, &name);
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first->data, a.first->size_bytes) <
           std::pair(b.first->data, b.first->size_bytes);
  });
  uint64_t covered = 0;
  for (const auto& [tensor, name] : order) {
    const auto start = static_cast<uint64_t>(tensor->data - data);
    if (start != covered) {
      return DataLoss("tensor `{}` starts at byte {} of the data, where {} was expected", *name,
                      start, covered);
    }
    covered += tensor->size_bytes;
  }
  if (covered == data_bytes) return Status::Ok();
  return DataLoss("its tensors take {} bytes, and the file has {}: it is cut off or damaged",
                  covered, data_bytes);
}

}  // namespace

Result<std::shared_ptr<const SafetensorsFile>> SafetensorsFile::Open(const std::string& path) {
  IOLITE_ASSIGN_OR_RETURN(auto file, program::MappedFile::Open(path));
  std::shared_ptr<SafetensorsFile> result(new SafetensorsFile(std::move(file)));
  IOLITE_RETURN_IF_ERROR(result->ReadHeader().WithContext(path));
  return std::shared_ptr<const SafetensorsFile>(std::move(result));
}

const SafeTensor* SafetensorsFile::Find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

Status SafetensorsFile::ReadHeader() {
  const auto bytes = file_->bytes();
  uint64_t header_bytes = 0;
  if (bytes.size() < sizeof(header_bytes)) {
    return DataLoss("it has {} bytes and is no safetensors file", bytes.size());
  }
  std::memcpy(&header_bytes, bytes.data(), sizeof(header_bytes));
  if (header_bytes > kHeaderBytesMax || header_bytes > bytes.size() - sizeof(header_bytes)) {
    return DataLoss(
        "its header would take {} bytes of a file of {}: it is cut off, or no safetensors file",
        header_bytes, bytes.size());
  }
  const auto* text = reinterpret_cast<const char*>(bytes.data()) + sizeof(header_bytes);
  const auto header = nlohmann::json::parse(text, text + header_bytes, nullptr, false);
  if (!header.is_object()) return DataLoss("its header of {} bytes is not JSON", header_bytes);
  const std::byte* data = bytes.data() + sizeof(header_bytes) + header_bytes;
  const uint64_t data_bytes = bytes.size() - sizeof(header_bytes) - header_bytes;
  for (const auto& [name, json] : header.items()) {
    if (name == "__metadata__") continue;
    auto entry = ReadEntry(json);
    if (!entry.ok()) return entry.status().WithContext("tensor `" + name + "`");
    IOLITE_RETURN_IF_ERROR(CheckEntry(*entry, data_bytes).WithContext("tensor `" + name + "`"));
    tensors_[name] = {.type = std::move(entry->type),
                      .shape = std::move(entry->shape),
                      .data = data + entry->start,
                      .size_bytes = entry->end - entry->start};
  }
  return CheckCover(tensors_, data, data_bytes);
}

}  // namespace iolite::models
