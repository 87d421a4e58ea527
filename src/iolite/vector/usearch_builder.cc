#include "iolite/vector/usearch_builder.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <exception>
#include <limits>
#include <mutex>
#include <numeric>
#include <utility>
#include <vector>

#include <usearch/index.hpp>
#include <usearch/index_plugins.hpp>

#include "iolite/vector/internal/query.h"
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
constexpr int32_t kConnectivityDefault = 16, kConnectivityMax = 256;
constexpr int32_t kExpansionDefault = 128, kExpansionMax = 10'000;

constexpr uint64_t kPrefixBytes = 8;
constexpr size_t kHeadBytes = 64;
constexpr size_t kGraphHeaderBytes = 40;
constexpr size_t kVertexHeadBytes = 10;

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

template <class T>
void Put(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

char MetricCode(Metric metric) {
  switch (metric) {
    case Metric::kCosine: return 'c';
    case Metric::kInnerProduct: return 'i';
    case Metric::kL2: return 'e';
    default: return 0;
  }
}

char ElementCode(ElementType type) {
  switch (type) {
    case ElementType::kF32: return 11;
    case ElementType::kF16: return 12;
    case ElementType::kBF16: return 4;
    case ElementType::kI8: return 23;
    default: return 0;
  }
}

class UsearchBuilder final : public VectorIndexBuilder {
 public:
  explicit UsearchBuilder(const IndexBuildOptions& options)
      : options_(options),
        executor_(options.executor != nullptr ? *options.executor : Executor::Inline()),
        dimension_(options.dimension),
        row_bytes_(dimension_ * kernels::ElementBytes(options.element_type)) {}

  Status Start();
  Status Add(const RequestContext& context, std::span<const float> rows, size_t row_count) override;
  Status Finish(const RequestContext& context, const WriteFunction& write) override;
  int64_t memory_bytes() const override {
    return file_reservation_.bytes() + build_reservation_.bytes();
  }

 private:
  Status Grow(size_t bytes);
  Status ReserveForBuild();
  Status MakeBuildRows(const RequestContext& context);
  void MakeBuildRow(size_t row, std::vector<float>& values);
  Status BuildGraph(const RequestContext& context);
  Status InsertRows(const RequestContext& context, uint32_t end, size_t thread_count);
  Status Insert(uint32_t row, size_t thread);
  void Report(uint32_t rows_done);
  void WriteHead();
  Status WriteGraph();
  void WriteVertices(std::string_view saved);

  const IndexBuildOptions options_;
  Executor& executor_;
  const size_t dimension_;
  const size_t row_bytes_;
  uint32_t row_count_ = 0;
  bool spent_ = false;
  std::string file_;
  Reservation file_reservation_;
  Reservation build_reservation_;

  BuildRows build_rows_;
  std::unique_ptr<Graph> graph_;
  std::vector<uint32_t> row_of_slot_;
  std::atomic<uint32_t> next_row_ = 0;
  std::mutex progress_mutex_;
  uint32_t rows_inserted_ = 0;
};

Status UsearchBuilder::Start() {
  const int64_t expected =
      std::clamp<int64_t>(options_.row_count_expected, 0, std::numeric_limits<uint32_t>::max());
  IOLITE_RETURN_IF_ERROR(Grow(kPrefixBytes + expected * row_bytes_));
  file_.assign(kPrefixBytes, '\0');
  return Status::Ok();
}

// Doubles, so that rows are copied once on average; the budget knows before the memory is taken.
Status UsearchBuilder::Grow(size_t bytes) {
  if (bytes <= file_.capacity() && file_reservation_.bytes() > 0) return Status::Ok();
  const size_t capacity = std::max(bytes, file_.capacity() * 2);
  IOLITE_ASSIGN_OR_RETURN(auto reservation,
                          options_.budget->Reserve(static_cast<int64_t>(capacity)));
  try {
    file_.reserve(capacity);
  } catch (const std::exception&) {
    return ResourceExhausted("No memory for an index of {} bytes", capacity);
  }
  file_reservation_ = std::move(reservation);
  return Status::Ok();
}

Status UsearchBuilder::Add(const RequestContext& context, std::span<const float> rows,
                           size_t row_count) {
  if (spent_) return FailedPrecondition("The index builder has finished: make another one");
  IOLITE_RETURN_IF_ERROR(context.Check());
  if (row_count > std::numeric_limits<uint32_t>::max() - 1 - row_count_) {
    return InvalidArgument("An index takes at most {} rows",
                           std::numeric_limits<uint32_t>::max() - 1);
  }
  IOLITE_RETURN_IF_ERROR(internal::CheckRows(rows, row_count, dimension_, row_count_));
  IOLITE_RETURN_IF_ERROR(internal::CheckUnitRows(options_.metric, options_.element_type, rows,
                                                 dimension_, row_count_));
  const size_t old_size = file_.size();
  IOLITE_RETURN_IF_ERROR(Grow(old_size + row_count * row_bytes_));
  file_.resize(old_size + row_count * row_bytes_);
  for (size_t r = 0; r < row_count; ++r) {
    kernels::ToElements(options_.element_type, rows.data() + r * dimension_, dimension_,
                        file_.data() + old_size + r * row_bytes_);
  }
  row_count_ += static_cast<uint32_t>(row_count);
  return Status::Ok();
}

Status UsearchBuilder::Finish(const RequestContext& context, const WriteFunction& write) {
  if (spent_) return FailedPrecondition("The index builder has finished: make another one");
  spent_ = true;
  IOLITE_RETURN_IF_ERROR(context.Check());
  const uint32_t prefix[2] = {row_count_, static_cast<uint32_t>(row_bytes_)};
  std::memcpy(file_.data(), prefix, sizeof(prefix));
  try {
    WriteHead();
    if (row_count_ == 0) {
      file_.resize(file_.size() + kGraphHeaderBytes, '\0');
    } else {
      IOLITE_RETURN_IF_ERROR(ReserveForBuild());
      IOLITE_RETURN_IF_ERROR(MakeBuildRows(context));
      IOLITE_RETURN_IF_ERROR(BuildGraph(context));
      IOLITE_RETURN_IF_ERROR(WriteGraph());
    }
  } catch (const std::bad_alloc&) {
    return ResourceExhausted("No memory to build an index of {} rows of dimension {}", row_count_,
                             dimension_);
  } catch (const std::exception& error) {
    return Internal("usearch failed on {} rows of dimension {}: {}", row_count_, dimension_,
                    error.what());
  }
  graph_.reset();
  build_rows_ = {};
  build_reservation_.Release();
  return write(std::exchange(file_, {}));
}

Status UsearchBuilder::ReserveForBuild() {
  const int64_t vertex = kVertexHeadBytes + 8 + 12 * options_.connectivity + 2;
  // The graph in usearch's memory, as it saves it, and as the file has it; and the rows to build
  // from.
  const int64_t bytes = row_count_ * (3 * vertex + static_cast<int64_t>(dimension_) * 2);
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
  rows.bytes.resize(row_count_ * rows.row_bytes);
  rows.pair = kernels::Kernels().Of(rows.metric, rows.type).pair;
  constexpr uint32_t kStep = 4096;
  return executor_.ParallelFor(context, (row_count_ + kStep - 1) / kStep, [&](size_t step) {
    std::vector<float> values(dimension_);
    const size_t end = std::min<size_t>(row_count_, (step + 1) * kStep);
    for (size_t row = step * kStep; row < end; ++row) MakeBuildRow(row, values);
    return Status::Ok();
  });
}

void UsearchBuilder::MakeBuildRow(size_t row, std::vector<float>& values) {
  const char* stored = file_.data() + kPrefixBytes + row * row_bytes_;
  char* target = build_rows_.bytes.data() + row * build_rows_.row_bytes;
  if (options_.element_type == ElementType::kI8) {
    std::memcpy(target, stored, row_bytes_);
    return;
  }
  kernels::FromElements(options_.element_type, stored, dimension_, values.data());
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
  us::index_limits_t limits(row_count_, threads);
  if (!graph_->try_reserve(limits)) {
    return ResourceExhausted("No memory for the graph of {} rows", row_count_);
  }
  row_of_slot_.resize(row_count_);
  IOLITE_RETURN_IF_ERROR(InsertRows(context, std::min(row_count_, kSerialRows), 1));
  return InsertRows(context, row_count_, threads);
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
  options_.progress(Progress{rows_inserted_, row_count_});
}

void UsearchBuilder::WriteHead() {
  const size_t start = file_.size();
  file_.append("usearch");
  Put<uint16_t>(file_, USEARCH_VERSION_MAJOR);
  Put<uint16_t>(file_, USEARCH_VERSION_MINOR);
  Put<uint16_t>(file_, USEARCH_VERSION_PATCH);
  file_.push_back(MetricCode(options_.metric));
  file_.push_back(ElementCode(options_.element_type));
  file_.push_back(14);  // keys are u64
  file_.push_back(15);  // slots are u32
  Put<uint64_t>(file_, row_count_);
  Put<uint64_t>(file_, 0);  // deleted
  Put<uint64_t>(file_, dimension_);
  file_.resize(start + kHeadBytes, '\0');
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
  WriteVertices(saved);
  return Status::Ok();
}

// Puts vertices in the order of rows and renames their links, so that a row's place follows from
// its number alone.
void UsearchBuilder::WriteVertices(std::string_view saved) {
  const size_t graph_start = file_.size();
  file_.append(saved.substr(0, kGraphHeaderBytes));
  uint64_t entry;
  std::memcpy(&entry, saved.data() + 32, 8);
  entry = row_of_slot_[entry];
  std::memcpy(file_.data() + graph_start + 32, &entry, 8);
  saved.remove_prefix(kGraphHeaderBytes);
  const size_t base_bytes = kVertexHeadBytes + 4 + 8 * static_cast<size_t>(options_.connectivity);
  const size_t upper_bytes = 4 + 4 * static_cast<size_t>(options_.connectivity);
  std::vector<size_t> vertex_of_row(row_count_ + size_t{1});
  std::vector<int16_t> level_of_row(row_count_);
  size_t at = 2 * static_cast<size_t>(row_count_);
  for (uint32_t slot = 0; slot < row_count_; ++slot) {
    int16_t level;
    std::memcpy(&level, saved.data() + 2 * static_cast<size_t>(slot), 2);
    vertex_of_row[row_of_slot_[slot]] = at;
    level_of_row[row_of_slot_[slot]] = level;
    at += base_bytes + level * upper_bytes;
  }
  for (int16_t level : level_of_row) Put(file_, level);
  for (uint32_t row = 0; row < row_count_; ++row) {
    const size_t start = file_.size();
    file_.append(saved.substr(vertex_of_row[row], base_bytes + level_of_row[row] * upper_bytes));
    char* links = file_.data() + start + kVertexHeadBytes;
    for (int level = 0; level <= level_of_row[row]; ++level) {
      uint32_t count;
      std::memcpy(&count, links, 4);
      for (uint32_t i = 0; i < count; ++i) {
        uint32_t slot;
        std::memcpy(&slot, links + 4 + 4 * i, 4);
        std::memcpy(links + 4 + 4 * i, &row_of_slot_[slot], 4);
      }
      links += level == 0 ? base_bytes - kVertexHeadBytes : upper_bytes;
    }
  }
}

}  // namespace

Result<std::unique_ptr<VectorIndexBuilder>> MakeUsearchBuilder(const IndexBuildOptions& wanted) {
  IndexBuildOptions options = wanted;
  if (options.connectivity == 0) options.connectivity = kConnectivityDefault;
  if (options.expansion_add == 0) options.expansion_add = kExpansionDefault;
  IOLITE_RETURN_IF_ERROR(internal::CheckDimension(options.dimension));
  IOLITE_RETURN_IF_ERROR(CheckMetric(options.metric, options.element_type));
  if (MetricCode(options.metric) == 0 || ElementCode(options.element_type) == 0) {
    return InvalidArgument(
        "A usearch index takes cosine, inner_product and l2 of f32, f16, bf16 and i8, not {} of "
        "{}: take the kind flat",
        MetricName(options.metric), ElementTypeName(options.element_type));
  }
  if (options.connectivity < 2 || options.connectivity > kConnectivityMax) {
    return InvalidArgument("connectivity must be 2 to {}, not {}", kConnectivityMax,
                           options.connectivity);
  }
  if (options.expansion_add < 1 || options.expansion_add > kExpansionMax) {
    return InvalidArgument("expansion_add must be 1 to {}, not {}", kExpansionMax,
                           options.expansion_add);
  }
  if (options.row_count_expected < 0) {
    return InvalidArgument("row_count_expected must not be negative, it is {}",
                           options.row_count_expected);
  }
  auto builder = std::make_unique<UsearchBuilder>(options);
  IOLITE_RETURN_IF_ERROR(builder->Start());
  return std::unique_ptr<VectorIndexBuilder>(std::move(builder));
}

}  // namespace iolite::vector
