#include "iolite/vector/internal/usearch_file.h"

#include <limits>

#include "iolite/vector/internal/query.h"
#include "iolite/vector/internal/usearch_codes.h"
#include "iolite/vector/kernels/convert.h"

namespace iolite::vector::internal {
namespace {

constexpr uint64_t kConnectivityMax = 4096;
constexpr uint16_t kMajorVersion = 2;

template <class T>
T Read(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

}  // namespace

Result<UsearchFile> UsearchFile::Parse(std::string_view bytes) {
  constexpr size_t kLeast = kUsearchPrefixBytes + kUsearchHeadBytes + kUsearchGraphHeaderBytes;
  if (bytes.size() < kLeast) {
    return DataLoss("A usearch index has at least {} bytes, this one {}", kLeast, bytes.size());
  }
  UsearchFile file;
  file.bytes_ = bytes;
  file.row_count_ = Read<uint32_t>(bytes.data());
  file.row_bytes_ = Read<uint32_t>(bytes.data() + 4);
  const size_t room = bytes.size() - kLeast;
  if (file.row_bytes_ == 0 || file.row_count_ > room / file.row_bytes_) {
    return DataLoss("The usearch index announces {} rows of {} bytes, but has only {} bytes",
                    file.row_count_, file.row_bytes_, bytes.size());
  }
  std::string_view rest = bytes.substr(kUsearchPrefixBytes + file.row_count_ * file.row_bytes_);
  IOLITE_RETURN_IF_ERROR(file.ParseHead(rest.substr(0, kUsearchHeadBytes)));
  rest.remove_prefix(kUsearchHeadBytes);
  IOLITE_RETURN_IF_ERROR(file.ParseGraphHeader(rest.substr(0, kUsearchGraphHeaderBytes)));
  rest.remove_prefix(kUsearchGraphHeaderBytes);
  IOLITE_RETURN_IF_ERROR(file.ParseLevels(rest));
  return file;
}

Status UsearchFile::ParseHead(std::string_view head) {
  if (head.substr(0, 7) != "usearch") {
    return DataLoss("The usearch index has no head behind its {} rows of {} bytes", row_count_,
                    row_bytes_);
  }
  const uint16_t version = Read<uint16_t>(head.data() + 7);
  if (version != kMajorVersion) {
    return Unimplemented("The usearch index has version {}, this release reads version {}", version,
                         kMajorVersion);
  }
  const auto metric = ValueOf(kUsearchMetrics, static_cast<uint8_t>(head[13]));
  const auto type = ValueOf(kUsearchElements, static_cast<uint8_t>(head[14]));
  if (!metric || !type || head[15] != kUsearchKeyU64 || head[16] != kUsearchSlotU32) {
    return DataLoss(
        "The usearch index has metric {}, element {}, key {} and slot {}; known are metrics c, i, "
        "e, "
        "elements f32, f16, bf16, i8, keys u64 and slots u32",
        static_cast<int>(head[13]), static_cast<int>(head[14]), static_cast<int>(head[15]),
        static_cast<int>(head[16]));
  }
  const auto present = Read<uint64_t>(head.data() + 17), deleted = Read<uint64_t>(head.data() + 25);
  const auto dimension = Read<uint64_t>(head.data() + 33);
  if (deleted != 0 || head[41] != 0) {
    return Unimplemented("The usearch index has {} deleted entries or several vectors a key",
                         deleted);
  }
  metric_ = *metric;
  element_type_ = *type;
  if (present != row_count_ || row_bytes_ % kernels::ElementBytes(*type) != 0 ||
      dimension != row_bytes_ / kernels::ElementBytes(*type)) {
    return DataLoss(
        "The usearch index announces {} rows of {} bytes, its head {} rows of dimension {}",
        row_count_, row_bytes_, present, dimension);
  }
  if (!CheckDimension(static_cast<int64_t>(dimension)).ok()) {
    return DataLoss("The usearch index has dimension {}", dimension);
  }
  dimension_ = static_cast<uint32_t>(dimension);
  return Status::Ok();
}

Status UsearchFile::ParseGraphHeader(std::string_view header) {
  const auto size = Read<uint64_t>(header.data());
  const auto connectivity = Read<uint64_t>(header.data() + 8);
  const auto base = Read<uint64_t>(header.data() + 16);
  const auto top_level = Read<uint64_t>(header.data() + 24);
  const auto entry = Read<uint64_t>(header.data() + 32);
  if (size != row_count_) {
    return DataLoss("The usearch index has {} rows, its graph {}", row_count_, size);
  }
  if (row_count_ == 0) return Status::Ok();
  if (connectivity == 0 || connectivity > kConnectivityMax || base == 0 ||
      base > kConnectivityMax || top_level > kLevelMax || entry >= size) {
    return DataLoss(
        "The graph of the usearch index has connectivity {} and {}, top level {} and entry {} of "
        "{} rows",
        connectivity, base, top_level, entry, size);
  }
  connectivity_ = static_cast<uint32_t>(connectivity);
  connectivity_base_ = static_cast<uint32_t>(base);
  top_level_ = static_cast<int>(top_level);
  entry_ = static_cast<uint32_t>(entry);
  return Status::Ok();
}

Status UsearchFile::ParseLevels(std::string_view rest) {
  if (rest.size() / 2 < row_count_) {
    return DataLoss("The usearch index ends within the levels of its {} rows", row_count_);
  }
  upper_before_.resize(static_cast<size_t>(row_count_) + 1);
  uint32_t upper = 0;
  for (uint32_t row = 0; row < row_count_; ++row) {
    const auto level = Read<int16_t>(rest.data() + 2 * static_cast<size_t>(row));
    if (level < 0 || level > top_level_) {
      return DataLoss("Row {} of the usearch index has level {} of {}", row, level, top_level_);
    }
    upper += static_cast<uint32_t>(level);
    upper_before_[row + 1] = upper;
  }
  vertices_ = rest.data() + 2 * static_cast<size_t>(row_count_);
  const size_t size = Vertex(row_count_) - rest.data();
  if (size != rest.size()) {
    return DataLoss("The graph of the usearch index must have {} bytes and has {}", size,
                    rest.size());
  }
  if (row_count_ > 0 && !Reaches(entry_, top_level_)) {
    return DataLoss("The entry of the usearch index, row {}, does not reach the top level {}",
                    entry_, top_level_);
  }
  return Status::Ok();
}

const char* UsearchFile::Vertex(uint32_t row) const {
  const size_t base_bytes =
      kUsearchVertexHeadBytes + 4 + 4 * static_cast<size_t>(connectivity_base_);
  const size_t upper_bytes = 4 + 4 * static_cast<size_t>(connectivity_);
  return vertices_ + row * base_bytes + upper_before_[row] * upper_bytes;
}

bool UsearchFile::LinksOf(uint32_t row, int level, Links& links) const {
  const char* at = Vertex(row) + kUsearchVertexHeadBytes;
  uint32_t most = connectivity_base_;
  if (level > 0) {
    const size_t upper_bytes = 4 + 4 * static_cast<size_t>(connectivity_);
    at += 4 + 4 * static_cast<size_t>(connectivity_base_) + (level - 1) * upper_bytes;
    most = connectivity_;
  }
  links.count = Read<uint32_t>(at);
  links.ids = at + 4;
  return links.count <= most;
}

void UsearchFile::PrefetchLinks(uint32_t row) const {
  const char* at = Vertex(row);
  __builtin_prefetch(at);
  __builtin_prefetch(at + 64);
  __builtin_prefetch(at + 128);
}

int64_t UsearchFile::memory_bytes() const {
  return static_cast<int64_t>(upper_before_.capacity() * sizeof(uint32_t));
}

Status UsearchFile::VerifyRow(uint32_t row) const {
  const char* vertex = Vertex(row);
  const auto key = Read<uint64_t>(vertex);
  const int level = Read<int16_t>(vertex + 8);
  if (key != row || !Reaches(row, level) || Reaches(row, level + 1)) {
    return DataLoss("Row {} of the usearch index has key {} and level {}", row, key, level);
  }
  for (int at = 0; at <= level; ++at) {
    Links links;
    if (!LinksOf(row, at, links)) {
      return DataLoss("Row {} of the usearch index has {} links", row, links.count);
    }
    for (uint32_t i = 0; i < links.count; ++i) {
      const uint32_t neighbor = links.at(i);
      if (neighbor >= row_count_ || !Reaches(neighbor, at)) {
        return DataLoss("Row {} of the usearch index links to row {} of {} at level {}", row,
                        neighbor, row_count_, at);
      }
    }
  }
  return Status::Ok();
}

Status UsearchFile::Verify(const RequestContext& context) const {
  for (uint32_t row = 0; row < row_count_; ++row) {
    if (row % 4096 == 0) IOLITE_RETURN_IF_ERROR(context.Check());
    IOLITE_RETURN_IF_ERROR(VerifyRow(row));
  }
  return Status::Ok();
}

}  // namespace iolite::vector::internal
