#include "iolite/text/internal/layout.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "iolite/text/internal/varint.h"

namespace iolite::text::internal {
namespace {

void AppendText(std::string_view text, std::string& out) {
  AppendVarint(text.size(), out);
  out += text;
}

// Reads what WriteDirectory wrote; false once something is missing.
class DirectoryReader {
 public:
  explicit DirectoryReader(std::string_view bytes)
      : at_(reinterpret_cast<const uint8_t*>(bytes.data())), end_(at_ + bytes.size()) {}

  template <typename Number>
  bool Read(Number& number) {
    return GetVarint(at_, end_, number);
  }
  bool Read(std::string& text) {
    size_t size = 0;
    if (!Read(size) || size > static_cast<size_t>(end_ - at_)) return false;
    text.assign(reinterpret_cast<const char*>(at_), size);
    at_ += size;
    return true;
  }
  bool at_end() const { return at_ == end_; }

 private:
  const uint8_t* at_;
  const uint8_t* const end_;
};

bool ReadPart(DirectoryReader& reader, uint64_t end, Part& part) {
  bool sound = reader.Read(part.rows_with_text) && reader.Read(part.length_total) &&
               reader.Read(part.term_count);
  for (Section& section : part.sections) {
    sound = sound && reader.Read(section.offset) && reader.Read(section.size) &&
            section.offset <= end && section.size <= end - section.offset &&
            section.offset % kSectionAlignment == 0;
  }
  return sound;
}

// The sizes that readers count on.
bool PartFits(const Directory& directory, const Part& part) {
  const uint64_t blocks = (part.term_count + kTermsPerBlock - 1) / kTermsPerBlock;
  const uint64_t lengths = part.sections[Part::kLengths].size / 4;
  const uint64_t width = lengths <= 256 ? 1 : lengths <= 65536 ? 2 : 4;
  return part.sections[Part::kTermIndex].size == blocks * sizeof(TermBlock) &&
         part.sections[Part::kLengths].size % 4 == 0 &&
         part.sections[Part::kLengthCodes].size == width * directory.row_count &&
         part.sections[Part::kBounds].size % 4 == 0 &&
         part.sections[Part::kBounds].size <= 4 * kBoundLengthsMax &&
         (lengths > 0) == (directory.row_count > 0) && part.rows_with_text <= directory.row_count;
}

Status Damaged(std::string_view what) {
  return DataLoss("The text index is damaged: {}. Build it anew", what);
}

template <typename Number>
void AppendNumber(Number number, std::string& out) {
  out.append(reinterpret_cast<const char*>(&number), sizeof(number));
}

template <typename Number>
Number NumberAt(std::string_view bytes, size_t at) {
  Number number;
  std::memcpy(&number, bytes.data() + at, sizeof(number));
  return number;
}

}  // namespace

std::string WriteDirectory(const Directory& directory) {
  std::string out;
  AppendText(directory.analyzer, out);
  AppendVarint(directory.has_positions ? 1 : 0, out);
  AppendVarint(directory.row_count, out);
  AppendVarint(directory.unit, out);
  AppendVarint(directory.fields.size(), out);
  for (const auto& field : directory.fields) {
    AppendText(field.name, out);
    AppendVarint(field.weight, out);
  }
  for (const Part& part : directory.parts) {
    AppendVarint(part.rows_with_text, out);
    AppendVarint(part.length_total, out);
    AppendVarint(part.term_count, out);
    for (const Section& section : part.sections) {
      AppendVarint(section.offset, out);
      AppendVarint(section.size, out);
    }
  }
  return out;
}

Result<Directory> ReadDirectory(std::string_view bytes, uint64_t end) {
  DirectoryReader reader(bytes);
  Directory directory;
  size_t field_count = 0;
  bool sound = reader.Read(directory.analyzer) && reader.Read(directory.has_positions) &&
               reader.Read(directory.row_count) && reader.Read(directory.unit) &&
               reader.Read(field_count) && field_count > 0 && field_count <= bytes.size() &&
               directory.unit > 0;
  for (size_t i = 0; sound && i < field_count; ++i) {
    auto& field = directory.fields.emplace_back();
    sound = reader.Read(field.name) && reader.Read(field.weight) && field.weight > 0;
  }
  for (size_t i = 0; sound && i < directory.part_count(); ++i) {
    sound = ReadPart(reader, end, directory.parts.emplace_back()) &&
            PartFits(directory, directory.parts.back());
  }
  if (!sound || !reader.at_end()) return Damaged("its directory cannot be read");
  return directory;
}

std::string WriteHeader() {
  std::string out(kMagic);
  AppendNumber(kVersionNewest, out);
  AppendNumber(uint32_t{0}, out);
  return out;
}

Status CheckHeader(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes + kFooterBytes || !bytes.starts_with(kMagic)) {
    return Damaged("it does not begin as one");
  }
  const auto version = NumberAt<uint32_t>(bytes, kMagic.size());
  if (version > kVersionNewest) {
    return Unimplemented("The text index has version {}, this release reads up to {}", version,
                         kVersionNewest);
  }
  if (version == 0 || NumberAt<uint32_t>(bytes, kMagic.size() + 4) != 0) {
    return Damaged("its header says what none does");
  }
  return Status::Ok();
}

std::string WriteFooter(const Footer& footer) {
  std::string out;
  AppendNumber(footer.directory_offset, out);
  AppendNumber(footer.directory_size, out);
  AppendNumber(footer.extent_count, out);
  AppendNumber(footer.checksum, out);
  AppendNumber(uint32_t{0}, out);
  return out + std::string(kEndMagic);
}

Result<Footer> ReadFooter(std::string_view bytes) {
  const std::string_view end = bytes.substr(bytes.size() - kFooterBytes);
  Footer footer{.directory_offset = NumberAt<uint64_t>(end, 0),
                .directory_size = NumberAt<uint32_t>(end, 8),
                .extent_count = NumberAt<uint32_t>(end, 12),
                .checksum = NumberAt<uint32_t>(end, 16)};
  if (!end.ends_with(kEndMagic) || NumberAt<uint32_t>(end, 20) != 0) {
    return Damaged("its end is missing");
  }
  const uint64_t rest = bytes.size() - kFooterBytes;
  const uint64_t tail = footer.directory_size + uint64_t{4} * footer.extent_count;
  if (footer.directory_offset < kHeaderBytes || footer.directory_offset > rest ||
      tail != rest - footer.directory_offset ||
      footer.extent_count != (footer.directory_offset + kExtentBytes - 1) / kExtentBytes) {
    return Damaged("its size is not what it says");
  }
  return footer;
}

uint64_t TermKey(std::string_view term) {
  uint64_t key = 0;
  std::memcpy(&key, term.data(), std::min<size_t>(term.size(), 8));
  return __builtin_bswap64(key);
}

uint8_t TfCode(uint32_t tf) {
  if (tf < 16) return static_cast<uint8_t>(tf);
  const int shift = std::bit_width(tf) - 4;
  const uint32_t mantissa = (tf >> shift) + ((tf & ((1u << shift) - 1)) != 0 ? 1 : 0);  // 8 to 16
  return static_cast<uint8_t>(8 * (shift + 1) + static_cast<int>(mantissa) - 8);
}

uint32_t TfOfCode(uint8_t code) {
  if (code < 16) return code;
  const uint64_t tf = static_cast<uint64_t>(8 + code % 8) << (code / 8 - 1);
  return static_cast<uint32_t>(std::min<uint64_t>(tf, UINT32_MAX));
}

}  // namespace iolite::text::internal
