#include "iolite/vector/usearch_builder.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include <usearch/index.hpp>
#include <usearch/index_plugins.hpp>

#include "iolite/vector/internal/build_options.h"
#include "iolite/vector/internal/row_buffer.h"
#include "iolite/vector/internal/usearch_codes.h"
#include "iolite/vector/internal/usearch_writer.h"
#include "iolite/vector/kernels/convert.h"
#include "iolite/vector/kernels/kernels.h"

namespace iolite::vector {
namespace {

namespace us = unum::usearch;

using Graph = us::index_gt<float, uint64_t, uint32_t, us::aligned_allocator_gt<us::byte_t, 64>,
                           us::memory_mapping_allocator_gt<64>>;

// The first rows are inserted by one thread: while the graph is small, rows that meet it at the
// same time would not see each other.
constexpr uint32_t kSerialRows = 512;
constexpr uint32_t kRowsPerStep = 64;
constexpr internal::GraphLimits kLimits{.connectivity_default = 16,
                                        .connectivity_max = 256,
                                        .expansion_default = 128,
                                        .expansion_max = 10'000};

// What distances are computed from while the graph is built. For f32 files this is bf16, half the
// memory traffic, which costs no recall; cosine rows are normalised here (and only here), so that a
// distance is one inner product.
struct BuildRows {
  Metric metric;
  ElementType type;
  size_t dimension;
  size_t row_bytes;
  std::vector<char> bytes;
  kernels::KernelSet::PairFunction pair;

  const char* At(size_t row) const { return bytes.data() + row * row_bytes; }
};

// The graph calls its vertices slots, in the order they came; rows keep their own order.
struct SlotMetric {
  const BuildRows& rows;
  const std::vector<uint32_t>& row_of_slot;

  template <class Entry>
  const char* Of(const Entry& entry) const {
    return rows.At(row_of_slot[get_slot(entry)]);
  }
  const char* Of(const char* value) const { return value; }
  template <class A, class B>
  float operator()(const A& a, const B& b) const {
    return rows.pair(Of(a), Of(b), rows.dimension);
  }
};

class SlotPrefetch {
 public:
  explicit SlotPrefetch(const SlotMetric& metric) : metric_(metric) {}
  template <class Iterator>
  void operator()(Iterator begin, Iterator end) const {
    const size_t lines = std::min<size_t>(metric_.rows.row_bytes / 64 + 1, kLines);
    for (; begin != end; ++begin) {
      const char* row = metric_.Of(begin);
      for (size_t line = 0; line < lines; ++line) __builtin_prefetch(row + 64 * line);
    }
  }

 private:
  static constexpr size_t kLines = 4;
  const SlotMetric& metric_;
};

class UsearchBuilder final : public VectorIndexBuilder {
 public:
  explicit UsearchBuilder(const IndexBuildOptions& options)
      : options_(options),
        executor_(options.executor != nullptr ? *options.executor : Executor::Inline()),
        dimension_(options.dimension),
        rows_(options, internal::kUsearchPrefixBytes) {}

  Status Start() { return rows_.Start(options_.row_count_expected); }
  Status Add(const RequestContext& context, std::span<const float> rows, size_t row_count) override;
  Status Finish(const RequestContext& context, const WriteFunction& write) override;
  int64_t memory_bytes() const override {
    return rows_.memory_bytes() + build_reservation_.bytes();
  }

 private:
  Status ReserveForBuild();
  Status MakeBuildRows(const RequestContext& context);
  void MakeBuildRow(size_t row, std::vector<float>& values);
  Status BuildGraph(const RequestContext& context);
  Status InsertRows(const RequestContext& context, uint32_t end, size_t thread_count);
  Status Insert(uint32_t row, size_t thread);
  void Report(uint32_t rows_done);
  Status WriteGraph();

  const IndexBuildOptions options_;
  Executor& executor_;
  const size_t dimension_;
  internal::RowBuffer rows_;  // which becomes the file
  bool spent_ = false;
  Reservation build_reservation_;

  BuildRows build_rows_;
  std::unique_ptr<Graph> graph_;
  std::vector<uint32_t> row_of_slot_;
  std::atomic<uint32_t> next_row_ = 0;
  std::mutex progress_mutex_;
  uint32_t rows_inserted_ = 0;
};

Status UsearchBuilder::Add(const RequestContext& context, std::span<const float> rows,
                           size_t row_count) {
  if (spent_) return FailedPrecondition("The index builder has finished: make another one");
  IOLITE_RETURN_IF_ERROR(context.Check());
  return rows_.Add(rows, row_count);
}

Status UsearchBuilder::Finish(const RequestContext& context, const WriteFunction& write) {
  if (spent_) return FailedPrecondition("The index builder has finished: make another one");
  spent_ = true;
  IOLITE_RETURN_IF_ERROR(context.Check());
  const uint32_t prefix[2] = {rows_.row_count(), static_cast<uint32_t>(rows_.row_bytes())};
  std::memcpy(rows_.bytes().data(), prefix, sizeof(prefix));
  try {
    internal::AppendUsearchHead(
        {options_.metric, options_.element_type, rows_.row_count(), dimension_}, rows_.bytes());
    if (rows_.row_count() == 0) {
      rows_.bytes().resize(rows_.bytes().size() + internal::kUsearchGraphHeaderBytes, '\0');
    } else {
      IOLITE_RETURN_IF_ERROR(ReserveForBuild());
      IOLITE_RETURN_IF_ERROR(MakeBuildRows(context));
      IOLITE_RETURN_IF_ERROR(BuildGraph(context));
      IOLITE_RETURN_IF_ERROR(WriteGraph());
    }
  } catch (const std::bad_alloc&) {
    return ResourceExhausted("No memory to build an index of {} rows of dimension {}",
                             rows_.row_count(), dimension_);
  } catch (const std::exception& error) {
    return Internal("usearch failed on {} rows of dimension {}: {}", rows_.row_count(), dimension_,
                    error.what());
  }
  graph_.reset();
  build_rows_ = {};
  build_reservation_.Release();
  return write(std::exchange(rows_.bytes(), {}));
}

Status UsearchBuilder::ReserveForBuild() {
  const int64_t vertex = internal::kUsearchVertexHeadBytes + 8 + 12 * options_.connectivity + 2;
  // The graph in usearch's memory, as it saves it, and as the file has it; and the rows to build
  // from.
  const int64_t bytes = rows_.row_count() * (3 * vertex + static_cast<int64_t>(dimension_) * 2);
  IOLITE_ASSIGN_OR_RETURN(build_reservation_, options_.budget->Reserve(bytes));
  return Status::Ok();
}

Status UsearchBuilder::MakeBuildRows(const RequestContext& context) {
  BuildRows& rows = build_rows_;
  rows.dimension = dimension_;
  rows.metric = options_.metric == Metric::kCosine ? Metric::kInnerProduct : options_.metric;
  rows.type = options_.element_type == ElementType::kI8 ? ElementType::kI8 : ElementType::kBF16;
  if (options_.element_type == ElementType::kI8) rows.metric = options_.metric;
  rows.row_bytes = dimension_ * kernels::ElementBytes(rows.type);
  rows.bytes.resize(rows_.row_count() * rows.row_bytes);
  rows.pair = kernels::Kernels().Of(rows.metric, rows.type).pair;
  constexpr uint32_t kStep = 4096;
  return executor_.ParallelFor(context, (rows_.row_count() + kStep - 1) / kStep, [&](size_t step) {
    std::vector<float> values(dimension_);
    const size_t end = std::min<size_t>(rows_.row_count(), (step + 1) * kStep);
    for (size_t row = step * kStep; row < end; ++row) MakeBuildRow(row, values);
    return Status::Ok();
  });
}

void UsearchBuilder::MakeBuildRow(size_t row, std::vector<float>& values) {
  char* target = build_rows_.bytes.data() + row * build_rows_.row_bytes;
  if (options_.element_type == ElementType::kI8) {
    std::memcpy(target, rows_.Row(row), rows_.row_bytes());
    return;
  }
  rows_.ReadRow(row, values.data());
  if (options_.metric == Metric::kCosine) {
    const float norm = kernels::Kernels().squared_norm(values.data(), dimension_);
    for (float& value : values) value *= norm > 0 ? 1 / std::sqrt(norm) : 0;
  }
  kernels::ToElements(build_rows_.type, values.data(), dimension_, target);
}

Status UsearchBuilder::BuildGraph(const RequestContext& context) {
  us::index_config_t config(options_.connectivity, 2 * options_.connectivity);
  graph_ = std::make_unique<Graph>(config);
  // The caller is one of them. More than there are processors would wait for each other's spin
  // locks.
  const size_t threads = std::max<size_t>(1, executor_.thread_count());
  us::index_limits_t limits(rows_.row_count(), threads);
  if (!graph_->try_reserve(limits)) {
    return ResourceExhausted("No memory for the graph of {} rows", rows_.row_count());
  }
  row_of_slot_.resize(rows_.row_count());
  IOLITE_RETURN_IF_ERROR(InsertRows(context, std::min(rows_.row_count(), kSerialRows), 1));
  return InsertRows(context, rows_.row_count(), threads);
}

Status UsearchBuilder::InsertRows(const RequestContext& context, uint32_t end,
                                  size_t thread_count) {
  // Each call is one worker with usearch's memory for that thread.
  return executor_.ParallelFor(context, thread_count, [&](size_t thread) -> Status {
    while (true) {
      const uint32_t begin = next_row_.load();
      if (begin >= end) return Status::Ok();
      uint32_t expected = begin;
      const uint32_t stop = std::min(end, begin + kRowsPerStep);
      if (!next_row_.compare_exchange_strong(expected, stop)) continue;
      IOLITE_RETURN_IF_ERROR(context.Check());
      for (uint32_t row = begin; row < stop; ++row) IOLITE_RETURN_IF_ERROR(Insert(row, thread));
      Report(stop - begin);
    }
  });
}

Status UsearchBuilder::Insert(uint32_t row, size_t thread) {
  us::index_update_config_t config;
  config.expansion = options_.expansion_add;
  config.thread = thread;
  const SlotMetric metric{build_rows_, row_of_slot_};
  auto on_slot = [&](auto member) { row_of_slot_[member.slot] = row; };
  auto added = graph_->add(row, build_rows_.At(row), metric, config, on_slot, SlotPrefetch(metric));
  if (added) return Status::Ok();
  const std::string what = added.error.what();
  added.error.release();
  return Internal("usearch could not insert row {}: {}", row, what);
}

void UsearchBuilder::Report(uint32_t rows_done) {
  if (!options_.progress) return;
  std::lock_guard lock(progress_mutex_);
  rows_inserted_ += rows_done;
  options_.progress(Progress{rows_inserted_, rows_.row_count()});
}

Status UsearchBuilder::WriteGraph() {
  std::string saved;
  auto result = graph_->save_to_stream([&](const void* bytes, size_t size) {
    saved.append(static_cast<const char*>(bytes), size);
    return true;
  });
  if (!result) {
    const std::string what = result.error.what();
    result.error.release();
    return Internal("usearch could not save the graph: {}", what);
  }
  internal::AppendUsearchGraph(saved, row_of_slot_, static_cast<size_t>(options_.connectivity),
                               rows_.bytes());
  return Status::Ok();
}

}  // namespace

Result<std::unique_ptr<VectorIndexBuilder>> MakeUsearchBuilder(const IndexBuildOptions& wanted) {
  IndexBuildOptions options = wanted;
  IOLITE_RETURN_IF_ERROR(internal::CheckBuildOptions(options));
  IOLITE_RETURN_IF_ERROR(CheckMetric(options.metric, options.element_type));
  if (!internal::CodeOf(internal::kUsearchMetrics, options.metric) ||
      !internal::CodeOf(internal::kUsearchElements, options.element_type)) {
    return InvalidArgument(
        "A usearch index takes cosine, inner_product and l2 of f32, f16, bf16 and i8, not {} of "
        "{}: take the kind flat",
        MetricName(options.metric), ElementTypeName(options.element_type));
  }
  IOLITE_RETURN_IF_ERROR(internal::CompleteGraphOptions(kLimits, options));
  auto builder = std::make_unique<UsearchBuilder>(options);
  IOLITE_RETURN_IF_ERROR(builder->Start());
  return std::unique_ptr<VectorIndexBuilder>(std::move(builder));
}

}  // namespace iolite::vector
