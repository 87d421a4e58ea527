#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/models/safetensors.h"

namespace iolite::models {

/// The table of a static embedding: token ids to rows, read from the mapped file in its own number
/// format.
class StaticTable {
 public:
  /// `token_count`: ids below it must have a row. kNotFound, kDataLoss or kInvalidArgument as its
  /// file is missing, damaged or of another shape.
  static Result<StaticTable> Open(const std::string& path, int64_t token_count);

  int32_t dimension() const { return dimension_; }
  int64_t row_count() const { return row_count_; }
  /// Adds the token's row, times its weight, to `sum`.
  void Add(int32_t token, float* sum) const;

 private:
  using AddRow = void (*)(const std::byte* row, int32_t dimension, float weight, float* sum);

  StaticTable() = default;
  Status Read(int64_t token_count);
  Status ReadMapping(int64_t token_count);
  Status ReadWeights(int64_t token_count);

  std::shared_ptr<const SafetensorsFile> file_;
  const std::byte* rows_ = nullptr;
  AddRow add_row_ = nullptr;
  size_t row_bytes_ = 0;
  int32_t dimension_ = 0;
  int64_t row_count_ = 0;
  std::vector<int64_t> mapping_;  // empty: token i has row i
  std::vector<float> weights_;    // empty: all are 1
};

}  // namespace iolite::models
