#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "iolite/base/status.h"
#include "iolite/pipelines/internal/npy_header.h"
#include "iolite/storage/disk.h"

namespace iolite::pipelines {

/// A file of vectors without keys, mapped: `.npy`, `.fvecs`, `.bvecs` (each row a little-endian i32
/// dimension, then f32 or u8 numbers; http://corpus-texmex.irisa.fr).
///
/// Threads: any number may read.
class VectorFile {
 public:
  static bool Reads(std::string_view path);
  /// kInvalidArgument, naming the file, when it is none of these or not whole; the row where rows
  /// differ.
  static Result<std::unique_ptr<VectorFile>> Open(const std::string& path,
                                                  storage::Disk& disk = storage::Disk::System());

  int64_t row_count() const { return row_count_; }
  int32_t dimension() const { return dimension_; }
  /// Fills `to` with the rows from `first_row` on.
  void Read(int64_t first_row, std::span<float> to) const;

 private:
  Status OpenNpy();
  Status OpenVecs(NumberType type);

  std::shared_ptr<const storage::MappedObject> mapped_;
  std::string_view bytes_;
  NumberType type_ = NumberType::kF32;
  int64_t row_count_ = 0;
  int32_t dimension_ = 0;
  size_t data_offset_ = 0;  ///< of the first row's numbers
  size_t row_bytes_ = 0;    ///< from row to row
};

}  // namespace iolite::pipelines
