#include "iolite/pipelines/internal/npy_header.h"

#include <arrow/util/float16.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace iolite::pipelines {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

template <typename T>
void Convert(const char* from, size_t count, float* to) {
  for (size_t i = 0; i < count; ++i) {
    T number;
    std::memcpy(&number, from + i * sizeof(T), sizeof(T));
    to[i] = static_cast<float>(number);
  }
}

void ConvertHalves(const char* from, size_t count, float* to) {
  for (size_t i = 0; i < count; ++i) {
    uint16_t bits;
    std::memcpy(&bits, from + i * sizeof(bits), sizeof(bits));
    to[i] = arrow::util::Float16::FromBits(bits).ToFloat();
  }
}

// The text behind `'key':` in the header's dictionary, without leading spaces.
std::optional<std::string_view> ValueOf(std::string_view dictionary, std::string_view key) {
  for (char quote : {'\'', '"'}) {
    std::string quoted = quote + std::string(key) + quote;
    size_t found = dictionary.find(quoted);
    if (found == std::string_view::npos) continue;
    size_t begin = dictionary.find_first_not_of(" :", found + quoted.size());
    if (begin != std::string_view::npos) return dictionary.substr(begin);
  }
  return std::nullopt;
}

Result<NumberType> ParseType(std::string_view value) {
  std::string_view name = value.size() > 1 ? value.substr(1, value.find(value[0], 1) - 1) : value;
  if (name == "<f4") return NumberType::kF32;
  if (name == "<f8") return NumberType::kF64;
  if (name == "<f2") return NumberType::kF16;
  if (name == "|u1" || name == "<u1") return NumberType::kU8;
  if (name == "|i1" || name == "<i1") return NumberType::kI8;
  return InvalidArgument("holds numbers of type '{}'; vectors may be <f4, <f8, <f2, |u1 or |i1",
                         name);
}

Result<std::vector<int64_t>> ParseShape(std::string_view value) {
  size_t end = value.find(')');
  if (value.empty() || value[0] != '(' || end == std::string_view::npos) {
    return InvalidArgument("has a header without a shape");
  }
  std::vector<int64_t> shape;
  for (std::string_view rest = value.substr(1, end - 1); !rest.empty();) {
    size_t comma = std::min(rest.find(','), rest.size());
    std::string_view part = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
    if (part.empty()) continue;
    int64_t extent = 0;
    auto [stop, error] = std::from_chars(part.data(), part.data() + part.size(), extent);
    if (error != std::errc() || extent < 0) return InvalidArgument("has a shape that is none");
    shape.push_back(extent);
  }
  return shape;
}

// Where the dictionary stands: after magic, version and its length.
Result<std::string_view> Dictionary(std::string_view bytes) {
  if (!bytes.starts_with(kMagic) || bytes.size() < 12) {
    return InvalidArgument("is no NPY file");
  }
  int major = bytes[6];
  if (major < 1 || major > 3) return InvalidArgument("is an NPY file of version {}", major);
  size_t length_bytes = major == 1 ? 2 : 4, length = 0;
  for (size_t i = 0; i < length_bytes; ++i) {
    length |= static_cast<size_t>(static_cast<unsigned char>(bytes[8 + i])) << (8 * i);
  }
  size_t begin = 8 + length_bytes;
  if (length > bytes.size() - begin) return InvalidArgument("ends within its header");
  return bytes.substr(begin, length);
}

}  // namespace

size_t NumberBytes(NumberType type) {
  switch (type) {
    case NumberType::kF32: return 4;
    case NumberType::kF64: return 8;
    case NumberType::kF16: return 2;
    case NumberType::kU8:
    case NumberType::kI8: return 1;
  }
  return 0;
}

void ToFloats(NumberType type, const char* from, size_t count, float* to) {
  switch (type) {
    case NumberType::kF32: return Convert<float>(from, count, to);
    case NumberType::kF64: return Convert<double>(from, count, to);
    case NumberType::kF16: return ConvertHalves(from, count, to);
    case NumberType::kU8: return Convert<uint8_t>(from, count, to);
    case NumberType::kI8: return Convert<int8_t>(from, count, to);
  }
}

Result<NpyHeader> ParseNpyHeader(std::string_view bytes) {
  IOLITE_ASSIGN_OR_RETURN(auto dictionary, Dictionary(bytes));
  auto type = ValueOf(dictionary, "descr"), order = ValueOf(dictionary, "fortran_order"),
       shape = ValueOf(dictionary, "shape");
  if (!type || !order || !shape) return InvalidArgument("has an incomplete header");
  NpyHeader header;
  IOLITE_ASSIGN_OR_RETURN(header.type, ParseType(*type));
  if (!order->starts_with("False")) {
    return InvalidArgument("is in Fortran order; save it with numpy.ascontiguousarray");
  }
  IOLITE_ASSIGN_OR_RETURN(auto extents, ParseShape(*shape));
  if (extents.size() != 2) {
    return InvalidArgument("has {} dimensions; vectors need two: rows and numbers", extents.size());
  }
  header.row_count = extents[0];
  header.dimension = extents[1];
  header.data_offset = static_cast<size_t>(dictionary.data() + dictionary.size() - bytes.data());
  return header;
}

}  // namespace iolite::pipelines
