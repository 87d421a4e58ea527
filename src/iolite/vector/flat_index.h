#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "iolite/vector/index.h"

namespace iolite::vector {

namespace internal {
struct Matrix;
}

/// An exact index: every search looks at every row that may appear. Nothing is copied, nothing is
/// built.
///
/// Answers are the same bits for any number of threads, alone or in a batch. Distances come from
/// the rows as they stand: rows need not be normalised for cosine. A row with NaN counts as
/// infinitely far.
///
/// Threads: any number may search; one search uses the caller's thread, a batch the executor's.
/// Cost:    about 1 ms for 10,000 x 384 on one core.
class FlatIndex final : public VectorIndex {
 public:
  /// Rows in somebody else's memory: row i begins at rows[i * stride], stride >= dimension floats.
  /// `keep_alive` holds that memory; null when the caller promises it. kInvalidArgument for metrics
  /// of bits, among others.
  static Result<std::unique_ptr<FlatIndex>> Borrow(Metric metric, int32_t dimension,
                                                   const float* rows, size_t stride,
                                                   int64_t row_count,
                                                   std::shared_ptr<const void> keep_alive);
  /// Rows of its own, `dimension` floats each.
  static Result<std::unique_ptr<FlatIndex>> Own(Metric metric, int32_t dimension,
                                                std::vector<float> rows);

  Result<size_t> Search(const RequestContext& context, const VectorSearch& request,
                        std::span<Neighbor> out) const override;
  /// Compares blocks of queries with blocks of rows: several times as many queries a second as
  /// Search.
  Status SearchBatch(const RequestContext& context, Executor& executor,
                     std::span<const float> queries, const VectorSearch& request,
                     std::span<Neighbor> out, std::span<size_t> counts) const override;

  std::string_view kind() const override { return "flat"; }
  Metric metric() const override { return metric_; }
  ElementType element_type() const override { return ElementType::kF32; }
  int32_t dimension() const override { return dimension_; }
  int64_t row_count() const override { return row_count_; }
  int64_t memory_bytes() const override;
  int64_t mapped_bytes() const override { return 0; }
  Status Verify(const RequestContext&) const override { return Status::Ok(); }

 private:
  FlatIndex() = default;
  internal::Matrix matrix() const;

  Metric metric_ = Metric::kCosine;
  int32_t dimension_ = 0;
  uint32_t row_count_ = 0;
  const float* rows_ = nullptr;
  size_t stride_ = 0;
  std::shared_ptr<const void> keep_alive_;
  std::vector<float> own_;
};

}  // namespace iolite::vector
