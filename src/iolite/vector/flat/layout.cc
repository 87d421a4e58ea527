#include "iolite/vector/flat/layout.h"

#include <cstring>

#include "iolite/base/hash.h"
#include "iolite/vector/internal/query.h"
#include "iolite/vector/kernels/convert.h"
#include "iolite/vector/qg/rotation.h"

namespace iolite::vector::flat {
namespace {

constexpr std::string_view kMagic = "IOLFLAT1";
constexpr uint32_t kVersion = 1;
constexpr size_t kPage = 4096;
constexpr size_t kHeaderSumAt = kHeaderBytes - 4;

// The header in the order of its bytes.
struct Head {
  char magic[8];
  uint32_t version;
  uint8_t metric;
  uint8_t element_type;
  uint8_t code_bits;
  uint8_t vectors;
  uint32_t dimension;
  uint32_t row_count;
  uint64_t seed;
  uint64_t file_bytes;
};
static_assert(sizeof(Head) == 40);

size_t WholePages(size_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

bool IsSound(const Head& head) {
  if (head.metric >= kMetricCount || head.element_type >= kElementTypeCount) return false;
  const auto metric = static_cast<Metric>(head.metric);
  if (!CheckMetric(metric, static_cast<ElementType>(head.element_type)).ok()) return false;
  if (!internal::CheckDimension(head.dimension).ok() || head.row_count == UINT32_MAX) return false;
  const bool coded = metric <= Metric::kL2;
  const bool bits_known = coded ? head.code_bits == 1 || head.code_bits == 4 || head.code_bits == 8
                                : head.code_bits == 0;
  return bits_known && head.vectors <= 1 && (head.vectors == 1 || head.code_bits > 1);
}

}  // namespace

Layout::Layout(const Shape& shape) : shape_(shape), padded_(qg::Rotation::Padded(shape.dimension)) {
  const size_t rows = shape.row_count;
  const bool coded = shape.code_bits > 0;
  size_t at = kHeaderBytes;
  auto place = [&at](size_t& section, size_t bytes) {
    section = at;
    at += WholePages(bytes);
  };
  place(mean_, coded ? 4 * size_t{padded_} : 0);
  place(blocks_, coded ? block_count() * block_bytes() : 0);
  place(signs_, coded ? rows * sign_row_bytes() : 0);
  place(fine_, rows * fine_row_bytes());
  place(vectors_, shape.vectors ? rows * vector_bytes() : 0);
  checksums_ = at;
}

size_t Layout::fine_row_bytes() const {
  return shape_.code_bits > 1 ? 8 + size_t{padded_} * shape_.code_bits / 8 : 0;
}

size_t Layout::vector_bytes() const {
  return kernels::RowBytes(shape_.element_type, shape_.dimension);
}

size_t Layout::extent_count() const {
  return (checksums_ - kHeaderBytes + kExtentBytes - 1) / kExtentBytes;
}

std::string WriteHeader(const Shape& shape) {
  Head head{};
  std::memcpy(head.magic, kMagic.data(), kMagic.size());
  head.version = kVersion;
  head.metric = static_cast<uint8_t>(shape.metric);
  head.element_type = static_cast<uint8_t>(shape.element_type);
  head.code_bits = static_cast<uint8_t>(shape.code_bits);
  head.vectors = shape.vectors ? 1 : 0;
  head.dimension = shape.dimension;
  head.row_count = shape.row_count;
  head.seed = shape.seed;
  head.file_bytes = Layout(shape).file_bytes();
  std::string page(kHeaderBytes, '\0');
  std::memcpy(page.data(), &head, sizeof(head));
  const uint32_t sum = Crc32c(std::string_view(page).substr(0, kHeaderSumAt));
  std::memcpy(page.data() + kHeaderSumAt, &sum, 4);
  return page;
}

Result<Shape> ReadHeader(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || bytes.substr(0, kMagic.size()) != kMagic) {
    return DataLoss("This is no flat index: {} bytes that do not begin with {}", bytes.size(),
                    kMagic);
  }
  Head head;
  std::memcpy(&head, bytes.data(), sizeof(head));
  uint32_t sum;
  std::memcpy(&sum, bytes.data() + kHeaderSumAt, 4);
  const uint32_t found = Crc32c(bytes.substr(0, kHeaderSumAt));
  if (sum != found) {
    return DataLoss("The header of the flat index is damaged: its checksum is {:08x}, not {:08x}",
                    found, sum);
  }
  if (head.version > kVersion) {
    return Unimplemented("The flat index has version {}, this release reads up to {}", head.version,
                         kVersion);
  }
  if (head.version != kVersion || !IsSound(head)) {
    return DataLoss(
        "No flat index is like this: version {}, metric {}, element type {}, {} bits, dimension "
        "{}, "
        "{} rows",
        head.version, head.metric, head.element_type, head.code_bits, head.dimension,
        head.row_count);
  }
  const Shape shape{static_cast<Metric>(head.metric),
                    static_cast<ElementType>(head.element_type),
                    head.dimension,
                    head.row_count,
                    head.code_bits,
                    head.vectors == 1,
                    head.seed};
  const size_t wanted = Layout(shape).file_bytes();
  if (head.file_bytes != wanted || bytes.size() != wanted) {
    return DataLoss("The flat index must have {} bytes and has {}", wanted, bytes.size());
  }
  return shape;
}

}  // namespace iolite::vector::flat
