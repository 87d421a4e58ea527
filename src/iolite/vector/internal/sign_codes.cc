#include "iolite/vector/internal/sign_codes.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "iolite/base/random.h"
#include "iolite/vector/internal/top_k.h"
#include "iolite/vector/kernels/convert.h"

namespace iolite::vector::internal {
namespace {

constexpr uint64_t kRotationSeed = 0x696f6c697465;  // "iolite"
// The mean of this many rows, evenly spread, is as good as that of all.
constexpr uint32_t kMeanRows = 4096;
constexpr uint32_t kRowsPerTask = 1024;
constexpr size_t kLine = 64;

size_t BitsFor(size_t dimension) { return std::max<size_t>(64, std::bit_ceil(dimension)); }

// The row as f32, of unit length for cosine.
void ReadRow(const Matrix& matrix, uint32_t row, float* values) {
  const char* at = static_cast<const char*>(matrix.rows) + row * matrix.stride_bytes;
  kernels::FromElements(matrix.type, at, matrix.dimension, values);
  if (matrix.metric != Metric::kCosine) return;
  const float norm = kernels::Kernels().squared_norm(values, matrix.dimension);
  const float scale = norm > 0 ? 1 / std::sqrt(norm) : 0;
  for (size_t i = 0; i < matrix.dimension; ++i) values[i] *= scale;
}

}  // namespace

int64_t SignCodes::BytesFor(uint32_t row_count, size_t dimension) {
  return static_cast<int64_t>(row_count) *
         static_cast<int64_t>(kernels::SignRows::StrideBytes(BitsFor(dimension)));
}

int64_t SignCodes::memory_bytes() const {
  return static_cast<int64_t>(room_.size() + (mean_.size() + signs_.size()) * sizeof(float));
}

Result<std::unique_ptr<const SignCodes>> SignCodes::Build(const RequestContext& context,
                                                          Executor& executor, Budget& budget,
                                                          const Matrix& matrix) {
  std::unique_ptr<SignCodes> codes(new SignCodes);
  IOLITE_ASSIGN_OR_RETURN(codes->reservation_,
                          budget.Reserve(BytesFor(matrix.row_count, matrix.dimension)));
  codes->metric_ = matrix.metric;
  codes->dimension_ = matrix.dimension;
  codes->bits_ = BitsFor(matrix.dimension);
  codes->stride_bytes_ = kernels::SignRows::StrideBytes(codes->bits_);
  codes->room_.resize(matrix.row_count * codes->stride_bytes_ + kLine);
  const size_t beyond = reinterpret_cast<uintptr_t>(codes->room_.data()) % kLine;
  codes->codes_ = codes->room_.data() + (kLine - beyond) % kLine;
  codes->FindMean(matrix);
  codes->MakeSigns();
  const size_t task_count = (matrix.row_count + kRowsPerTask - 1) / kRowsPerTask;
  IOLITE_RETURN_IF_ERROR(executor.ParallelFor(context, task_count, [&](size_t task) {
    const uint32_t begin = static_cast<uint32_t>(task) * kRowsPerTask;
    const uint32_t end = std::min(matrix.row_count, begin + kRowsPerTask);
    for (uint32_t row = begin; row < end; ++row) codes->Encode(matrix, row);
    return Status::Ok();
  }));
  return std::unique_ptr<const SignCodes>(std::move(codes));
}

void SignCodes::FindMean(const Matrix& matrix) {
  std::vector<double> sums(dimension_);
  std::vector<float> row(dimension_);
  const uint32_t count = std::min(kMeanRows, matrix.row_count);
  for (uint32_t i = 0; i < count; ++i) {
    ReadRow(matrix, static_cast<uint32_t>(uint64_t{i} * matrix.row_count / count), row.data());
    for (size_t d = 0; d < dimension_; ++d) sums[d] += row[d];
  }
  mean_.resize(dimension_);
  for (size_t d = 0; d < dimension_; ++d) {
    mean_[d] = count > 0 ? static_cast<float>(sums[d] / count) : 0;
  }
}

void SignCodes::MakeSigns() {
  auto random = Random::Seeded(kRotationSeed);
  signs_.resize(2 * bits_);
  for (size_t i = 0; i < signs_.size(); i += 64) {
    const uint64_t bits = random->NextBits();
    for (size_t j = 0; j < 64; ++j) signs_[i + j] = ((bits >> j) & 1) != 0 ? -1.0f : 1.0f;
  }
}

SignCodes::Centred SignCodes::Rotate(const float* values, float* rotated) const {
  const auto& kernels = kernels::Kernels();
  const float* first = signs_.data();
  const float* second = first + bits_;
  Centred centred{};
  double product = 0;
  for (size_t i = 0; i < dimension_; ++i) {
    rotated[i] = values[i] - mean_[i];
    product += static_cast<double>(rotated[i]) * mean_[i];
  }
  centred.mean_product = static_cast<float>(product);
  centred.squared_length = kernels.squared_norm(rotated, dimension_);
  for (size_t i = 0; i < dimension_; ++i) rotated[i] *= first[i];
  std::fill(rotated + dimension_, rotated + bits_, 0.0f);
  kernels.hadamard(rotated, bits_);
  for (size_t i = 0; i < bits_; ++i) rotated[i] *= second[i];
  kernels.hadamard(rotated, bits_);
  // Each transform lengthens by sqrt(bits).
  const float scale = 1 / static_cast<float>(bits_);
  for (size_t i = 0; i < bits_; ++i) rotated[i] *= scale;
  return centred;
}

// With r = row - mean, q = query - mean and s the signs of the rotated r: <q, r> is about
// <rotated q, s> * |r|^2 / |rotated r|_1. What does not depend on the query goes into `add`:
//   L2:             |row - query|^2    = |q|^2 + |r|^2 - 2 <q, r>
//   inner product:  -<row, query>      = -<mean, query> - <mean, r> - <q, r>
void SignCodes::Encode(const Matrix& matrix, uint32_t row) {
  thread_local std::vector<float> values, rotated;
  values.resize(dimension_);
  rotated.resize(bits_);
  ReadRow(matrix, row, values.data());
  const Centred centred = Rotate(values.data(), rotated.data());
  thread_local std::vector<uint64_t> words;
  words.resize(bits_ / 64);
  const float sum = kernels::Kernels().sign_bits(rotated.data(), bits_, words.data());
  const bool l2 = metric_ == Metric::kL2;
  const kernels::SignRows::Factors factors{
      l2 ? centred.squared_length : -centred.mean_product,
      sum > 0 ? (l2 ? 2 : 1) * centred.squared_length / sum : 0};
  std::memcpy(RowOf(row), words.data(), bits_ / 8);
  std::memcpy(RowOf(row) + bits_ / 8, &factors, sizeof(factors));
}

Result<size_t> SignCodes::Search(const RequestContext& context, std::span<const float> query,
                                 const Survivors& survivors, std::span<Neighbor> room) const {
  std::vector<float> values(query.begin(), query.end()), rotated(bits_);
  if (metric_ == Metric::kCosine) {
    const float norm = kernels::Kernels().squared_norm(values.data(), dimension_);
    for (float& value : values) value *= norm > 0 ? 1 / std::sqrt(norm) : 0;
  }
  Rotate(values.data(), rotated.data());
  float largest = 0;
  for (float value : rotated) largest = std::max(largest, std::abs(value));
  const float step = largest > 0 ? largest / 127 : 1;
  std::vector<int8_t> elements(bits_);
  int32_t total = 0;
  for (size_t i = 0; i < bits_; ++i) {
    elements[i] = static_cast<int8_t>(std::lrint(rotated[i] / step));
    total += elements[i];
  }
  // <q, s> = total - 2 * (sum over the negative ones), and the estimate subtracts it.
  const kernels::SignQuery sign_query{elements.data(), -step * static_cast<float>(total), 2 * step};
  const char* const run = codes_;
  const kernels::SignRows rows{&run, 31, 0, stride_bytes_, bits_};
  TopK top(room, std::nullopt);
  Status status;
  float estimates[Survivors::kRun];
  survivors.ForEachRun([&](const uint32_t* ids, size_t count) {
    status = context.Check();
    if (!status.ok()) return false;
    kernels::Kernels().sign_estimates(sign_query, rows, ids, count, estimates);
    top.OfferMany({estimates, count}, [ids](size_t i) { return ids[i]; });
    return true;
  });
  IOLITE_RETURN_IF_ERROR(status);
  return top.Finish();
}

}  // namespace iolite::vector::internal
