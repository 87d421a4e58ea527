#include "iolite/vector/qg_builder.h"

#include <algorithm>
#include <cmath>

#include "iolite/base/hash.h"
#include "iolite/vector/internal/query.h"
#include "iolite/vector/qg/bulk_build.h"
#include "iolite/vector/qg/calibrate.h"
#include "iolite/vector/qg/edges.h"
#include "iolite/vector/qg/file.h"
#include "iolite/vector/qg/new_header.h"
#include "iolite/vector/qg/vertices.h"

namespace iolite::vector {
namespace {

using namespace qg;

constexpr size_t kRowsPerTask = 256;
// Memory is asked for in pieces of about this size.
constexpr size_t kPieceBytes = 32 << 20;

class QgBuilder final : public VectorIndexBuilder {
 public:
  QgBuilder(const IndexBuildOptions& options, Header header, const Layout& layout)
      : options_(options),
        header_(std::move(header)),
        space_(header_.metric, header_.dimension, header_.seed),
        layout_(layout),
        vertices_(layout_),
        memory_(*options.budget),
        executor_(options.executor != nullptr ? *options.executor : Executor::Inline()),
        sums_(space_.padded(), 0.0) {}

  Status Add(const RequestContext& context, std::span<const float> rows, size_t row_count) override;
  Status Finish(const RequestContext& context, const WriteFunction& write) override;
  int64_t memory_bytes() const override { return memory_.bytes(); }

 private:
  Status MakeRoom(size_t slot_count);
  void Place(uint32_t slot, const float* values);
  void AddToMean(uint32_t begin, uint32_t end);
  void Complete(uint32_t slot);
  Status Link(const RequestContext& context);
  Status Write(const WriteFunction& write);

  const IndexBuildOptions options_;
  Header header_;
  const Space space_;
  const Layout layout_;
  Vertices vertices_;
  ExtentMemory memory_;
  Executor& executor_;
  uint32_t row_count_ = 0;
  std::vector<double> sums_;
  bool finished_ = false;
};

Status QgBuilder::Add(const RequestContext& context, std::span<const float> rows,
                      size_t row_count) {
  if (finished_) return Internal("The builder of the index is spent");
  const size_t dimension = header_.dimension;
  IOLITE_RETURN_IF_ERROR(internal::CheckRows(rows, row_count, dimension, row_count_));
  if (row_count_ + row_count > (kNoSlot >> 1)) {
    return InvalidArgument("A qg index takes {} rows at most", kNoSlot >> 1);
  }
  IOLITE_RETURN_IF_ERROR(MakeRoom(row_count_ + row_count));
  const size_t tasks = (row_count + kRowsPerTask - 1) / kRowsPerTask;
  IOLITE_RETURN_IF_ERROR(executor_.ParallelFor(context, tasks, [&](size_t task) {
    const size_t end = std::min(row_count, (task + 1) * kRowsPerTask);
    for (size_t row = task * kRowsPerTask; row < end; ++row) {
      Place(row_count_ + static_cast<uint32_t>(row), rows.data() + row * dimension);
    }
    return Status::Ok();
  }));
  const uint32_t end = row_count_ + static_cast<uint32_t>(row_count);
  AddToMean(row_count_, end);
  row_count_ = end;
  return Status::Ok();
}

Status QgBuilder::MakeRoom(size_t slot_count) {
  const size_t wanted = layout_.extent_count(static_cast<uint32_t>(slot_count));
  while (vertices_.extent_count() < wanted) {
    const size_t piece = std::max<size_t>(
        1, std::min(kPieceBytes / layout_.extent_bytes(),
                    std::max(vertices_.extent_count(), wanted - vertices_.extent_count())));
    IOLITE_ASSIGN_OR_RETURN(char* memory, memory_.Allocate(layout_.extent_bytes(), piece));
    for (size_t i = 0; i < piece; ++i) vertices_.AddExtent(memory + i * layout_.extent_bytes());
  }
  return Status::Ok();
}

void QgBuilder::Place(uint32_t slot, const float* values) {
  thread_local std::vector<float> rotated;
  rotated.resize(layout_.padded());
  space_.RotateRow(values, rotated.data());
  vertices_.WriteVector(slot, rotated.data(), vertices_.Edit(slot).high());
  *vertices_.id(slot) = slot;
}

// One after another, so that the mean does not depend on the number of threads.
void QgBuilder::AddToMean(uint32_t begin, uint32_t end) {
  std::vector<float> values(layout_.padded());
  for (uint32_t slot = begin; slot < end; ++slot) {
    vertices_.ReadVector(slot, vertices_.row(slot).high(), values.data());
    for (size_t d = 0; d < values.size(); ++d) sums_[d] += values[d];
    if (options_.metric == Metric::kInnerProduct) {
      const float norm = kernels::Kernels().squared_norm(values.data(), values.size());
      header_.length_max = std::max(header_.length_max, std::sqrt(norm));
    }
  }
}

// What needs to know all rows: the dimension that inner product adds, and the sign code.
void QgBuilder::Complete(uint32_t slot) {
  thread_local std::vector<float> values;
  values.resize(layout_.padded());
  const RowEdit row = vertices_.Edit(slot);
  if (options_.metric == Metric::kInnerProduct) {
    vertices_.ReadVector(slot, row.high(), values.data());
    space_.Lift(header_.length_max, values.data());
    vertices_.WriteVector(slot, values.data(), row.high());
  }
  vertices_.ReadVector(slot, row.high(), values.data());
  WriteSigns(layout_, space_, header_.mean.data(), values.data(), vertices_.signs(slot));
}

Status QgBuilder::Link(const RequestContext& context) {
  header_.mean.resize(layout_.padded());
  for (size_t d = 0; d < sums_.size(); ++d) {
    header_.mean[d] = row_count_ > 0 ? static_cast<float>(sums_[d] / row_count_) : 0;
  }
  const size_t tasks = (row_count_ + kRowsPerTask - 1) / kRowsPerTask;
  IOLITE_RETURN_IF_ERROR(executor_.ParallelFor(context, tasks, [&](size_t task) {
    const size_t end = std::min<size_t>(row_count_, (task + 1) * kRowsPerTask);
    for (size_t slot = task * kRowsPerTask; slot < end; ++slot) {
      Complete(static_cast<uint32_t>(slot));
    }
    return Status::Ok();
  }));
  header_.entries =
      Entries(vertices_, space_, header_.mean, BulkEntrySlots(row_count_, header_.seed));
  IOLITE_ASSIGN_OR_RETURN(const EdgeRules rules, LinkAll(context,
                                                         {.slot_count = row_count_,
                                                          .expansion = header_.expansion,
                                                          .seed = header_.seed,
                                                          .length_max = header_.length_max,
                                                          .executor = &executor_,
                                                          .progress = options_.progress},
                                                         space_, header_.entries, vertices_));
  header_.alpha = rules.alpha;
  IOLITE_ASSIGN_OR_RETURN(header_.calibration,
                          Calibrate(context, executor_,
                                    {.space = space_,
                                     .vertices = vertices_,
                                     .entries = header_.entries,
                                     .slot_count = row_count_,
                                     .length_max = header_.length_max,
                                     .sample_queries = options_.sample_queries}));
  return Status::Ok();
}

Status QgBuilder::Finish(const RequestContext& context, const WriteFunction& write) {
  if (finished_) return Internal("The builder of the index is spent");
  finished_ = true;
  header_.slot_count = header_.row_count = header_.id_bound = row_count_;
  IOLITE_RETURN_IF_ERROR(Link(context));
  return Write(write);
}

Status QgBuilder::Write(const WriteFunction& write) {
  IOLITE_RETURN_IF_ERROR(write(header_.Encode()));
  for (uint32_t slot = row_count_; slot < layout_.extent_count(row_count_) * layout_.extent_rows();
       ++slot) {
    *vertices_.id(slot) = kNoRow;
  }
  for (size_t i = 0; i < layout_.extent_count(row_count_); ++i) {
    SumExtent(layout_, vertices_.MutableExtent(i));
    IOLITE_RETURN_IF_ERROR(write({vertices_.extent(i), layout_.extent_bytes()}));
  }
  return Status::Ok();
}

}  // namespace

Result<std::unique_ptr<VectorIndexBuilder>> MakeQgBuilder(const IndexBuildOptions& options) {
  Layout layout;
  IOLITE_ASSIGN_OR_RETURN(Header header, NewHeader(options, layout));
  return std::unique_ptr<VectorIndexBuilder>(
      std::make_unique<QgBuilder>(options, std::move(header), layout));
}

}  // namespace iolite::vector
