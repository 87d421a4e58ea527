#include "iolite/vector/flat_builder.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <mutex>
#include <new>
#include <vector>

#include "iolite/base/hash.h"
#include "iolite/vector/flat/codes.h"
#include "iolite/vector/flat/layout.h"
#include "iolite/vector/internal/build_options.h"
#include "iolite/vector/internal/row_buffer.h"
#include "iolite/vector/qg/edges.h"

namespace iolite::vector {
namespace {

constexpr uint64_t kRotationSeed = 0x696f6c697465;  // "iolite"
// The mean of this many rows, evenly spread, is as good as that of all.
constexpr uint32_t kMeanRows = 4096;
constexpr uint32_t kBlocksPerTask = 32;

using WriteFunction = VectorIndexBuilder::WriteFunction;

// Hands bytes on, fills sections up to their ends, and sums extents.
class SummedOutput {
 public:
  explicit SummedOutput(const WriteFunction& write) : write_(write) {}

  Status Write(std::string_view bytes) {
    IOLITE_RETURN_IF_ERROR(write_(bytes));
    at_ += bytes.size();
    while (!bytes.empty()) {
      const auto part = bytes.substr(0, flat::kExtentBytes - in_extent_);
      sum_ = Crc32c(part, sum_);
      in_extent_ += part.size();
      bytes.remove_prefix(part.size());
      if (in_extent_ == flat::kExtentBytes) EndExtent();
    }
    return Status::Ok();
  }
  Status FillTo(size_t offset) { return Write(std::string(offset - at_, '\0')); }
  Status WriteSums() {
    if (in_extent_ > 0) EndExtent();
    std::string table(reinterpret_cast<const char*>(sums_.data()), sums_.size() * 4);
    const uint32_t sum = Crc32c(table);
    table.append(reinterpret_cast<const char*>(&sum), 4);
    return write_(table);
  }

 private:
  void EndExtent() {
    sums_.push_back(sum_);
    sum_ = 0;
    in_extent_ = 0;
  }

  const WriteFunction& write_;
  size_t at_ = flat::kHeaderBytes;
  size_t in_extent_ = 0;
  uint32_t sum_ = 0;
  std::vector<uint32_t> sums_;
};

class FlatBuilder final : public VectorIndexBuilder {
 public:
  explicit FlatBuilder(const IndexBuildOptions& options)
      : options_(options),
        executor_(options.executor != nullptr ? *options.executor : Executor::Inline()),
        rows_(options, 0) {
    shape_.metric = options.metric;
    shape_.element_type = options.element_type;
    shape_.dimension = static_cast<uint32_t>(options.dimension);
    shape_.code_bits = options.metric <= Metric::kL2 ? options.code_bits : 0;
    shape_.vectors = options.keep_vectors;
    shape_.seed = kRotationSeed;
  }

  Status Add(const RequestContext& context, std::span<const float> rows, size_t row_count) override;
  Status Finish(const RequestContext& context, const WriteFunction& write) override;
  int64_t memory_bytes() const override {
    return rows_.memory_bytes() + codes_reservation_.bytes();
  }
  Status Start() { return rows_.Start(options_.row_count_expected); }

 private:
  Status Write(const RequestContext& context, const WriteFunction& write);
  Status MakeCodes(const RequestContext& context, const flat::Layout& layout);
  void FindMean(const flat::Codes& codes);
  void EncodeBlock(const flat::Codes& codes, const flat::Layout& layout, uint32_t block);

  const IndexBuildOptions options_;
  Executor& executor_;
  flat::Shape shape_;
  bool spent_ = false;
  internal::RowBuffer rows_;
  Reservation codes_reservation_;

  std::vector<float> mean_;
  std::string blocks_, signs_, fine_;
  std::mutex progress_mutex_;
  uint32_t rows_coded_ = 0;
};

Status FlatBuilder::Add(const RequestContext& context, std::span<const float> rows,
                        size_t row_count) {
  if (spent_) return FailedPrecondition("The index builder has finished: make another one");
  IOLITE_RETURN_IF_ERROR(context.Check());
  return rows_.Add(rows, row_count);
}

Status FlatBuilder::Finish(const RequestContext& context, const WriteFunction& write) {
  if (spent_) return FailedPrecondition("The index builder has finished: make another one");
  spent_ = true;
  try {
    return Write(context, write);
  } catch (const std::bad_alloc&) {
    return ResourceExhausted("No memory to build an index of {} rows of dimension {}",
                             shape_.row_count, shape_.dimension);
  }
}

Status FlatBuilder::Write(const RequestContext& context, const WriteFunction& write) {
  IOLITE_RETURN_IF_ERROR(context.Check());
  shape_.row_count = rows_.row_count();
  const flat::Layout layout(shape_);
  if (shape_.code_bits > 0) IOLITE_RETURN_IF_ERROR(MakeCodes(context, layout));
  IOLITE_RETURN_IF_ERROR(write(flat::WriteHeader(shape_)));
  SummedOutput out(write);
  const std::string_view mean(reinterpret_cast<const char*>(mean_.data()), mean_.size() * 4);
  const std::pair<std::string_view, size_t> sections[] = {
      {mean, layout.blocks_at()},
      {blocks_, layout.signs_at()},
      {signs_, layout.fine_at()},
      {fine_, layout.vectors_at()},
      {shape_.vectors ? std::string_view(rows_.bytes()) : "", layout.checksums_at()}};
  for (const auto& [bytes, end] : sections) {
    IOLITE_RETURN_IF_ERROR(context.Check());
    IOLITE_RETURN_IF_ERROR(out.Write(bytes));
    IOLITE_RETURN_IF_ERROR(out.FillTo(end));
  }
  return out.WriteSums();
}

Status FlatBuilder::MakeCodes(const RequestContext& context, const flat::Layout& layout) {
  IOLITE_ASSIGN_OR_RETURN(codes_reservation_,
                          options_.budget->Reserve(static_cast<int64_t>(layout.vectors_at())));
  flat::Codes codes(shape_);
  FindMean(codes);
  codes.SetMean(mean_.data());
  const size_t rows = shape_.row_count;
  blocks_.assign(layout.block_count() * layout.block_bytes(), '\0');
  signs_.assign(rows * layout.sign_row_bytes(), '\0');
  fine_.assign(rows * layout.fine_row_bytes(), '\0');
  const size_t tasks = (layout.block_count() + kBlocksPerTask - 1) / kBlocksPerTask;
  return executor_.ParallelFor(context, tasks, [&](size_t task) {
    const uint32_t begin = static_cast<uint32_t>(task) * kBlocksPerTask;
    const uint32_t end = std::min(layout.block_count(), begin + kBlocksPerTask);
    for (uint32_t block = begin; block < end; ++block) EncodeBlock(codes, layout, block);
    if (options_.progress) {
      std::lock_guard lock(progress_mutex_);
      rows_coded_ = std::min(shape_.row_count, rows_coded_ + (end - begin) * flat::kBlockRows);
      options_.progress(Progress{rows_coded_, shape_.row_count});
    }
    return Status::Ok();
  });
}

void FlatBuilder::FindMean(const flat::Codes& codes) {
  std::vector<double> sums(codes.padded());
  std::vector<float> row(shape_.dimension), rotated(codes.padded());
  const uint32_t count = std::min(kMeanRows, shape_.row_count);
  for (uint32_t i = 0; i < count; ++i) {
    rows_.ReadRow(static_cast<uint32_t>(uint64_t{i} * shape_.row_count / count), row.data());
    codes.Rotate(row.data(), rotated.data());
    for (size_t d = 0; d < sums.size(); ++d) sums[d] += rotated[d];
  }
  mean_.resize(codes.padded());
  for (size_t d = 0; d < sums.size(); ++d) {
    mean_[d] = count > 0 ? static_cast<float>(sums[d] / count) : 0;
  }
}

void FlatBuilder::EncodeBlock(const flat::Codes& codes, const flat::Layout& layout,
                              uint32_t block) {
  thread_local std::vector<float> values, rotated;
  values.resize(shape_.dimension);
  rotated.resize(layout.padded());
  char* bytes = blocks_.data() + block * layout.block_bytes();
  float add[flat::kBlockRows], rescale[flat::kBlockRows];
  std::fill_n(add, flat::kBlockRows, std::numeric_limits<float>::infinity());
  std::fill_n(rescale, flat::kBlockRows, 0.0f);
  for (uint32_t lane = 0; lane < flat::kBlockRows; ++lane) {
    const uint32_t row = block * flat::kBlockRows + lane;
    if (row >= shape_.row_count) break;
    rows_.ReadRow(row, values.data());
    codes.Rotate(values.data(), rotated.data());
    char* signs = signs_.data() + row * layout.sign_row_bytes();
    auto words = reinterpret_cast<uint32_t*>(signs);
    const auto factors = codes.EncodeSigns(rotated.data(), words);
    std::memcpy(signs + layout.sign_bits() / 8, &factors, sizeof(factors));
    qg::WriteCode(reinterpret_cast<uint8_t*>(bytes), lane, words, layout.padded());
    add[lane] = factors.add;
    rescale[lane] = factors.rescale;
    if (shape_.code_bits > 1) {
      codes.EncodeFine(rotated.data(), shape_.code_bits,
                       fine_.data() + row * layout.fine_row_bytes());
    }
  }
  std::memcpy(bytes + 4 * size_t{layout.padded()}, add, sizeof(add));
  std::memcpy(bytes + 4 * size_t{layout.padded()} + sizeof(add), rescale, sizeof(rescale));
}

}  // namespace

Result<std::unique_ptr<VectorIndexBuilder>> MakeFlatBuilder(const IndexBuildOptions& options) {
  IOLITE_RETURN_IF_ERROR(internal::CheckBuildOptions(options));
  IOLITE_RETURN_IF_ERROR(CheckMetric(options.metric, options.element_type));
  if (options.code_bits != 1 && options.code_bits != 4 && options.code_bits != 8) {
    return InvalidArgument("code_bits must be 1, 4 or 8, not {}", options.code_bits);
  }
  if (!options.keep_vectors && (options.code_bits == 1 || options.metric > Metric::kL2)) {
    return InvalidArgument(
        "Without vectors a flat index needs codes of 4 or 8 bits, which cosine, inner_product and "
        "l2 have: code_bits is {}, the metric {}",
        options.code_bits, MetricName(options.metric));
  }
  auto builder = std::make_unique<FlatBuilder>(options);
  IOLITE_RETURN_IF_ERROR(builder->Start());
  return std::unique_ptr<VectorIndexBuilder>(std::move(builder));
}

}  // namespace iolite::vector
