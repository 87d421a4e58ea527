#include "iolite/vector/qg/file.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "iolite/base/hash.h"
#include "iolite/vector/qg/entries.h"
#include "iolite/vector/qg/rotation.h"

namespace iolite::vector::qg {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr size_t kPage = 4096;
constexpr size_t kFixedBytes = 4096;
constexpr uint32_t kDimensionMax = 65'536;
constexpr uint32_t kCalibrationMax = 64;

class Writer {
 public:
  template <class T>
  void Put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  void PutText(std::string_view text) { bytes_.append(text); }
  void PadTo(size_t size) { bytes_.resize(size); }
  size_t size() const { return bytes_.size(); }
  std::string& bytes() { return bytes_; }

 private:
  std::string bytes_;
};

// Reads past the end give zeros; the header is checked as a whole before.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  template <class T>
  T Take() {
    T value{};
    if (at_ + sizeof(T) <= bytes_.size()) std::memcpy(&value, bytes_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }
  void SkipTo(size_t at) { at_ = at; }

 private:
  std::string_view bytes_;
  size_t at_ = 0;
};

Status CheckFields(const Header& header, size_t file_bytes, const Layout& layout) {
  auto damaged = [](std::string_view what, auto value) {
    return DataLoss("The header of the qg index is damaged: {} is {}", what, value);
  };
  if (header.dimension == 0 || header.dimension > kDimensionMax) {
    return damaged("the dimension", header.dimension);
  }
  const bool lifted = header.metric == Metric::kInnerProduct;
  if (header.shape.padded != Rotation::Padded(header.dimension + (lifted ? 1 : 0))) {
    return damaged("the padded dimension", header.shape.padded);
  }
  if (header.row_count > header.slot_count || header.slot_count > kNoSlot >> 1) {
    return damaged("the count of slots", header.slot_count);
  }
  if (header.ids_are_slots &&
      (header.row_count != header.slot_count || header.id_bound != header.slot_count)) {
    return damaged("the count of rows", header.row_count);
  }
  for (uint32_t entry : header.entries.slots()) {
    if (entry >= header.slot_count) return damaged("an entry", entry);
  }
  const size_t needed = Header::BytesFor(header.shape.padded) +
                        size_t{layout.extent_count(header.slot_count)} * layout.extent_bytes();
  if (file_bytes < needed) {
    return DataLoss("The qg index has {} bytes, its header asks for {}", file_bytes, needed);
  }
  return Status::Ok();
}

}  // namespace

size_t Header::BytesFor(uint32_t padded) {
  const size_t bytes = kFixedBytes + size_t{padded} * 4 + Entries::BytesFor(padded) + 4;
  return (bytes + kPage - 1) / kPage * kPage;
}

std::string Header::Encode() const {
  Writer out;
  out.PutText(kMagic);
  out.Put(kVersion);
  out.Put(static_cast<uint32_t>(BytesFor(shape.padded)));
  out.Put(static_cast<uint8_t>(metric));
  out.Put(static_cast<uint8_t>(element_type));
  out.Put(static_cast<uint8_t>(shape.exact ? 1 : 0));
  out.Put(static_cast<uint8_t>(ids_are_slots ? 1 : 0));
  for (uint32_t value : {dimension, shape.padded, shape.lanes, extent_shift, slot_count, row_count,
                         id_bound, expansion}) {
    out.Put(value);
  }
  out.Put(seed);
  out.Put(length_max);
  out.Put(alpha);
  out.Put(static_cast<uint32_t>(calibration.size()));
  for (const Calibration& point : calibration) {
    out.Put(point.recall);
    out.Put(point.ef);
  }
  out.Put(static_cast<uint32_t>(entries.slots().size()));
  for (uint32_t entry : entries.slots()) out.Put(entry);
  out.PadTo(kFixedBytes);
  for (float value : mean) out.Put(value);
  out.PutText(entries.Encode());
  out.PadTo(BytesFor(shape.padded) - 4);
  out.Put(Crc32c(out.bytes()));
  return std::move(out.bytes());
}

Result<Header> Header::Decode(std::string_view file, Layout& layout) {
  if (file.size() < kFixedBytes || file.substr(0, kMagic.size()) != kMagic) {
    return DataLoss("The file is no qg index: it does not begin with {}", kMagic);
  }
  Reader in(file);
  in.SkipTo(kMagic.size());
  const auto version = in.Take<uint32_t>();
  if (version > kVersion) {
    return Unimplemented("The qg index has format {}, this release reads up to {}", version,
                         kVersion);
  }
  const auto header_bytes = in.Take<uint32_t>();
  if (header_bytes < kFixedBytes || header_bytes > file.size() ||
      Crc32c(file.substr(0, header_bytes - 4)) != [&] {
        Reader tail(file.substr(header_bytes - 4));
        return tail.Take<uint32_t>();
      }()) {
    return DataLoss("The header of the qg index does not have the checksum it names");
  }
  Header header;
  header.metric = static_cast<Metric>(in.Take<uint8_t>());
  header.element_type = static_cast<ElementType>(in.Take<uint8_t>());
  header.shape.exact = in.Take<uint8_t>() != 0;
  header.ids_are_slots = in.Take<uint8_t>() != 0;
  for (uint32_t* value :
       {&header.dimension, &header.shape.padded, &header.shape.lanes, &header.extent_shift,
        &header.slot_count, &header.row_count, &header.id_bound, &header.expansion}) {
    *value = in.Take<uint32_t>();
  }
  header.seed = in.Take<uint64_t>();
  header.length_max = in.Take<float>();
  header.alpha = in.Take<float>();
  header.calibration.resize(std::min(kCalibrationMax, in.Take<uint32_t>()));
  for (Calibration& point : header.calibration) {
    point.recall = in.Take<float>();
    point.ef = in.Take<uint32_t>();
  }
  const auto entry_count = in.Take<uint32_t>();
  std::vector<uint32_t> entries(std::min(Entries::kCountMax, entry_count));
  for (uint32_t& entry : entries) entry = in.Take<uint32_t>();
  if (header.metric > Metric::kL2 || header.element_type > ElementType::kBF16 ||
      !Layout::FromFile(header.shape, header.extent_shift, layout) ||
      header_bytes != BytesFor(header.shape.padded) || entry_count > Entries::kCountMax ||
      (entry_count == 0) != (header.slot_count == 0)) {
    return DataLoss("The header of the qg index is damaged: no index has this shape");
  }
  in.SkipTo(kFixedBytes);
  header.mean.resize(header.shape.padded);
  for (float& value : header.mean) value = in.Take<float>();
  header.entries = Entries::Decode(file.substr(kFixedBytes + size_t{header.shape.padded} * 4),
                                   header.shape.padded, entries);
  IOLITE_RETURN_IF_ERROR(CheckFields(header, file.size(), layout));
  return header;
}

void SumExtent(const Layout& layout, char* extent) {
  const uint32_t sum = Crc32c({extent, layout.checksum_at()});
  std::memcpy(extent + layout.checksum_at(), &sum, sizeof(sum));
}

Status CheckExtent(const Layout& layout, uint32_t extent, const char* bytes) {
  uint32_t sum;
  std::memcpy(&sum, bytes + layout.checksum_at(), sizeof(sum));
  if (sum == Crc32c({bytes, layout.checksum_at()})) return Status::Ok();
  return DataLoss(
      "The qg index is damaged: rows {} to {} do not have the checksum they were written with",
      uint64_t{extent} << layout.extent_shift(),
      (uint64_t{extent + 1} << layout.extent_shift()) - 1);
}

}  // namespace iolite::vector::qg
