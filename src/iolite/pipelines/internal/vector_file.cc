#include "iolite/pipelines/internal/vector_file.h"

#include <cstring>
#include <utility>

namespace iolite::pipelines {
namespace {

constexpr int64_t kDimensionMax = 65'536;
constexpr size_t kDimensionBytes = 4;

int32_t LoadI32(const char* from) {
  int32_t number;
  std::memcpy(&number, from, sizeof number);
  return number;
}

Status CheckDimension(int64_t dimension) {
  if (dimension > 0 && dimension <= kDimensionMax) return Status::Ok();
  return InvalidArgument("has vectors of dimension {}; 1 to {} are possible", dimension,
                         kDimensionMax);
}

}  // namespace

bool VectorFile::Reads(std::string_view path) {
  return path.ends_with(".npy") || path.ends_with(".fvecs") || path.ends_with(".bvecs");
}

Result<std::unique_ptr<VectorFile>> VectorFile::Open(const std::string& path, storage::Disk& disk) {
  auto file = std::make_unique<VectorFile>();
  auto mapped = disk.Map(path);
  if (mapped.status().code() == StatusCode::kNotFound) {
    return NotFound("There is no file {}. Check the path", path);
  }
  if (!mapped.ok()) return mapped.status();
  file->mapped_ = std::move(*mapped);
  file->bytes_ = file->mapped_->bytes();
  Status status = path.ends_with(".npy")     ? file->OpenNpy()
                  : path.ends_with(".bvecs") ? file->OpenVecs(NumberType::kU8)
                                             : file->OpenVecs(NumberType::kF32);
  if (!status.ok()) return Status(status.code(), path + " " + status.message());
  return file;
}

Status VectorFile::OpenNpy() {
  IOLITE_ASSIGN_OR_RETURN(auto header, ParseNpyHeader(bytes_));
  if (header.row_count == 0) return InvalidArgument("has no rows");
  IOLITE_RETURN_IF_ERROR(CheckDimension(header.dimension));
  type_ = header.type;
  row_count_ = header.row_count;
  dimension_ = static_cast<int32_t>(header.dimension);
  data_offset_ = header.data_offset;
  row_bytes_ = static_cast<size_t>(dimension_) * NumberBytes(type_);
  size_t there = (bytes_.size() - data_offset_) / row_bytes_;
  if (there >= static_cast<size_t>(row_count_)) return Status::Ok();
  return InvalidArgument("ends within row {} of {}", there + 1, row_count_);
}

Status VectorFile::OpenVecs(NumberType type) {
  if (bytes_.empty()) return InvalidArgument("has no rows");
  if (bytes_.size() < kDimensionBytes) return InvalidArgument("ends within row 1");
  type_ = type;
  dimension_ = LoadI32(bytes_.data());
  IOLITE_RETURN_IF_ERROR(CheckDimension(dimension_));
  data_offset_ = kDimensionBytes;
  row_bytes_ = kDimensionBytes + static_cast<size_t>(dimension_) * NumberBytes(type);
  for (size_t begin = 0; begin < bytes_.size(); begin += row_bytes_, ++row_count_) {
    size_t left = bytes_.size() - begin;
    if (left >= kDimensionBytes && LoadI32(bytes_.data() + begin) != dimension_) {
      return InvalidArgument("has dimension {} in row {}, the rows before have {}",
                             LoadI32(bytes_.data() + begin), row_count_ + 1, dimension_);
    }
    if (left < row_bytes_) return InvalidArgument("ends within row {}", row_count_ + 1);
  }
  return Status::Ok();
}

void VectorFile::Read(int64_t first_row, std::span<float> to) const {
  size_t dimension = static_cast<size_t>(dimension_);
  const char* from = bytes_.data() + data_offset_ + static_cast<size_t>(first_row) * row_bytes_;
  for (size_t row = 0; row < to.size() / dimension; ++row, from += row_bytes_) {
    ToFloats(type_, from, dimension, to.data() + row * dimension);
  }
}

}  // namespace iolite::pipelines
