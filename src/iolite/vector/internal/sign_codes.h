#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/executor.h"
#include "iolite/vector/internal/exact_scan.h"
#include "iolite/vector/internal/survivors.h"
#include "iolite/vector/kernels/kernels.h"

namespace iolite::vector::internal {

/// One bit for each dimension of each row: the signs of the row less the mean, after a random
/// rotation. With two factors a row they estimate a distance to within a few percent of the row's
/// distance from the mean, in about 5 ns: good enough to choose the rows whose distance is then
/// computed.
///
/// The rotation is two rounds of random signs and a Hadamard transform, over the next power of two
/// of the dimension; its seed is fixed, so the codes depend on the rows alone.
///
/// Threads: any number may search. Memory: dimension/8 (rounded up to a power of two) + 8 bytes a
/// row.
class SignCodes {
 public:
  static Result<std::unique_ptr<const SignCodes>> Build(const RequestContext& context,
                                                        Executor& executor, Budget& budget,
                                                        const Matrix& matrix);

  /// Fills `room` with the survivors that look nearest, by estimate, and returns how many.
  Result<size_t> Search(const RequestContext& context, std::span<const float> query,
                        const Survivors& survivors, std::span<Neighbor> room) const;

  int64_t memory_bytes() const;
  static int64_t BytesFor(uint32_t row_count, size_t dimension);

 private:
  SignCodes() = default;
  void FindMean(const Matrix& matrix);
  void MakeSigns();
  void Encode(const Matrix& matrix, uint32_t row);
  /// Less the mean, rotated; returns the squared length and the product with the mean of what was
  /// given.
  struct Centred {
    float squared_length;
    float mean_product;
  };
  Centred Rotate(const float* values, float* rotated) const;

  Metric metric_ = Metric::kCosine;
  size_t dimension_ = 0;
  size_t bits_ = 0;
  std::vector<float> mean_;
  std::vector<float> signs_;
  char* RowOf(uint32_t row) { return codes_ + row * stride_bytes_; }

  // A row's bits and factors, from the border of a cache line on.
  size_t stride_bytes_ = 0;
  std::vector<char> room_;
  char* codes_ = nullptr;
  Reservation reservation_;
};

}  // namespace iolite::vector::internal
