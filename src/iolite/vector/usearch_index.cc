#include "iolite/vector/usearch_index.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

#include "iolite/vector/internal/exact_scan.h"
#include "iolite/vector/internal/expectation.h"
#include "iolite/vector/internal/graph_walk.h"
#include "iolite/vector/internal/mapped_file.h"
#include "iolite/vector/internal/proposals.h"
#include "iolite/vector/internal/row_source.h"
#include "iolite/vector/internal/search_run.h"
#include "iolite/vector/internal/sign_codes.h"
#include "iolite/vector/internal/usearch_file.h"

namespace iolite::vector {
namespace {

using internal::SearchRun;
using internal::TopK;

// The figures below were measured on one core of a Sapphire Rapids over 117,659 WordNet glosses
// embedded in 384 dimensions: a graph search takes 25 us + 2 us for each place in its
// pool, an exact comparison of a gathered row 58 ns, a code 11 ns.

// Size of the pool when the caller does not say: recall@10 .987 there.
constexpr size_t kEfDefault = 64;
// Survivors of no more bytes than this are all compared exactly: about as long as a graph search.
constexpr size_t kExactBytesMax = 4 << 20;
constexpr size_t kExactRowOverhead = 256;
// From this share of surviving rows on, the graph is walked and the filter looked at in the result:
// codes of 47,000 rows take longer.
constexpr double kWalkShareMin = 0.4;
// A filtered walk that computed more distances than this many for each place of its pool, times
// what the filter's share explains, is lost among rows that may not appear. Without a filter it is
// 13 to 26.
constexpr double kVisitedPerPlaceMax = 40;
// Codes are made when exact scans have cost about as much as making them.
constexpr uint64_t kScansBeforeCodes = 2;
// A walk visits about this many rows a place; when that is near the whole table, a scan is cheaper.
constexpr size_t kVisitedPerPlace = 12;
// Elements that are not f32 propose this many candidates for each wanted row.
constexpr size_t kRescoredPerRow = 4;
constexpr size_t kRescoredMin = 64;

class OpenedIndex final : public UsearchIndex {
 public:
  OpenedIndex(internal::UsearchFile file, IndexOpenOptions options, int64_t mapped_bytes,
              Reservation reservation)
      : file_(std::move(file)),
        options_(std::move(options)),
        mapped_bytes_(mapped_bytes),
        reservation_(std::move(reservation)),
        rows_({file_.vectors(), file_.row_bytes(), file_.row_count(), file_.dimension(),
               file_.metric(), file_.element_type()},
              options_) {}

  Result<size_t> Search(const RequestContext& context, const VectorSearch& request,
                        std::span<Neighbor> out) const override {
    return internal::RunSearch(*this, context, request, out,
                               [this](SearchRun& run) { return Answer(run); });
  }
  Status SearchBatch(const RequestContext& context, Executor& executor,
                     std::span<const float> queries, const VectorSearch& request,
                     std::span<Neighbor> out, std::span<size_t> counts) const override {
    if (!request.exact || rows_.exact().type != ElementType::kF32) {
      return VectorIndex::SearchBatch(context, executor, queries, request, out, counts);
    }
    return internal::ExactBatch(context, executor, rows_.exact(), queries, request, out, counts);
  }

  std::string_view kind() const override { return "usearch"; }
  Metric metric() const override { return file_.metric(); }
  ElementType element_type() const override { return file_.element_type(); }
  int32_t dimension() const override { return static_cast<int32_t>(file_.dimension()); }
  int64_t row_count() const override { return file_.row_count(); }
  int64_t memory_bytes() const override {
    const auto* codes = codes_.load(std::memory_order_acquire);
    return file_.memory_bytes() + (codes != nullptr ? codes->memory_bytes() : 0);
  }
  int64_t mapped_bytes() const override { return mapped_bytes_; }
  Status Verify(const RequestContext& context) const override { return file_.Verify(context); }
  const void* StoredVector(uint32_t row) const override {
    if (row >= file_.row_count()) return nullptr;
    return static_cast<const char*>(file_.vectors()) + row * file_.row_bytes();
  }

 private:
  Status Answer(SearchRun& run) const;
  Status Exact(SearchRun& run, std::string reason) const;
  Status ByCodes(SearchRun& run, std::string reason) const;
  // Sets `answered` when it found all that were wanted.
  Status ByGraph(SearchRun& run, size_t ef, size_t visited_max, bool& answered) const;
  Status Rescore(SearchRun& run, std::span<const Neighbor> candidates) const;
  const internal::SignCodes* CodesFor(const RequestContext& context, uint32_t rows) const;

  internal::UsearchFile file_;
  IndexOpenOptions options_;
  int64_t mapped_bytes_;
  Reservation reservation_;
  internal::RowSource rows_;

  mutable std::atomic<uint64_t> rows_scanned_ = 0;
  mutable std::mutex codes_mutex_;
  mutable std::unique_ptr<const internal::SignCodes> codes_owner_;  // written under codes_mutex_
  mutable std::atomic<const internal::SignCodes*> codes_ = nullptr;
};

Status OpenedIndex::Answer(SearchRun& run) const {
  const size_t ef = std::max(run.request.ef > 0 ? run.request.ef : kEfDefault, run.wanted);
  const uint32_t count = run.survivors.count(), rows = file_.row_count();
  const double share = static_cast<double>(count) / rows;
  if (run.request.exact) return Exact(run, "the caller asked for it");
  // A caller who names a pool for a whole table wants the graph.
  const bool graph_wanted = run.request.ef > 0 && run.survivors.all();
  const size_t bytes = count * (file_.dimension() * sizeof(float) + kExactRowOverhead);
  if (bytes <= kExactBytesMax && !graph_wanted) {
    return Exact(run, fmt::format("{} of {} rows may appear", count, rows));
  }
  if (ef * kVisitedPerPlace > count) {
    return Exact(run, fmt::format("a pool of {} would visit most of {} rows", ef, count));
  }
  if (run.survivors.all() || share >= kWalkShareMin) {
    const size_t visited_max =
        run.survivors.all() ? SIZE_MAX : static_cast<size_t>(ef * kVisitedPerPlaceMax / share);
    bool answered = false;
    IOLITE_RETURN_IF_ERROR(ByGraph(run, ef, visited_max, answered));
    if (answered) return Status::Ok();
    return ByCodes(
        run, fmt::format("the walk found too few of {} of {} rows that may appear", count, rows));
  }
  return ByCodes(run, fmt::format("{} of {} rows may appear", count, rows));
}

Status OpenedIndex::Exact(SearchRun& run, std::string reason) const {
  run.SetPlan("exact", std::move(reason));
  run.stats.rows_visited += run.survivors.count();
  if (rows_.exact().type == ElementType::kF32) {
    return internal::ExactScan(run.context, rows_.exact(), run.query.values(), run.survivors,
                               run.top);
  }
  std::vector<Neighbor> room(std::min<size_t>(
      run.survivors.count(), std::max(run.wanted * kRescoredPerRow, kRescoredMin)));
  TopK candidates(room, std::nullopt);
  IOLITE_RETURN_IF_ERROR(internal::ExactScan(
      run.context, rows_.stored(), run.query.As(rows_.stored().type), run.survivors, candidates));
  return Rescore(run, std::span(room).first(candidates.size()));
}

Status OpenedIndex::ByGraph(SearchRun& run, size_t ef, size_t visited_max, bool& answered) const {
  run.stats.plan = run.survivors.all() ? "graph" : "filtered graph";
  run.stats.reason = run.survivors.all() ? fmt::format("all {} rows may appear", file_.row_count())
                                         : fmt::format("{} of {} rows may appear",
                                                       run.survivors.count(), file_.row_count());
  internal::WalkResult result;
  const internal::WalkRequest request{
      run.query.As(rows_.stored().type), ef, run.survivors.Words(),
      static_cast<double>(run.survivors.count()) / file_.row_count(), visited_max};
  IOLITE_RETURN_IF_ERROR(internal::Walk(run.context, file_, request, result));
  run.stats.rows_visited += static_cast<int64_t>(result.visited);
  answered = !result.gave_up && result.found.size() >= run.wanted;
  if (!answered) return Status::Ok();
  if (rows_.stored().type != ElementType::kF32) return Rescore(run, result.found);
  for (const Neighbor& neighbor : result.found) run.top.Offer(neighbor.row, neighbor.distance);
  return Status::Ok();
}

Status OpenedIndex::ByCodes(SearchRun& run, std::string reason) const {
  internal::Proposals proposals(run.wanted, run.survivors.count());
  if (!proposals.worthwhile()) return Exact(run, std::move(reason));
  const auto* codes = CodesFor(run.context, run.survivors.count());
  if (codes == nullptr) return Exact(run, std::move(reason));
  for (auto verdict = internal::Proposals::Verdict::kAskForMore;
       verdict == internal::Proposals::Verdict::kAskForMore;) {
    std::vector<Neighbor> room(proposals.count());
    IOLITE_ASSIGN_OR_RETURN(const size_t found,
                            codes->Search(run.context, run.request.query, run.survivors, room));
    run.stats.rows_visited += run.survivors.count();
    run.top.Clear();
    IOLITE_RETURN_IF_ERROR(Rescore(run, std::span(room).first(found)));
    verdict = proposals.Judge(run.top, std::span(room).first(found));
    if (verdict == internal::Proposals::Verdict::kSettled) {
      run.SetPlan("codes", std::move(reason));
      return Status::Ok();
    }
  }
  run.top.Clear();
  return Exact(run, reason + ", and their codes lie too close together");
}

Status OpenedIndex::Rescore(SearchRun& run, std::span<const Neighbor> candidates) const {
  run.stats.rows_rescored += static_cast<int64_t>(candidates.size());
  return rows_.Offer(run.query, candidates, run.top);
}

// Null while codes would not pay yet, while another thread makes them, and when the budget has no
// room: the caller then scans exactly.
const internal::SignCodes* OpenedIndex::CodesFor(const RequestContext& context,
                                                 uint32_t rows) const {
  if (const auto* codes = codes_.load(std::memory_order_acquire)) return codes;
  const uint64_t scanned = rows_scanned_.fetch_add(rows, std::memory_order_relaxed) + rows;
  if (scanned < kScansBeforeCodes * file_.row_count()) return nullptr;
  std::unique_lock lock(codes_mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return nullptr;
  if (codes_owner_ == nullptr) {
    Executor& executor = options_.executor != nullptr ? *options_.executor : Executor::Inline();
    auto made = internal::SignCodes::Build(context, executor, *options_.budget, rows_.in_memory());
    if (!made.ok()) {
      // Asking again at once would fail again: scan as much as before first.
      rows_scanned_.store(0, std::memory_order_relaxed);
      return nullptr;
    }
    codes_owner_ = std::move(made).value();
    codes_.store(codes_owner_.get(), std::memory_order_release);
  }
  return codes_owner_.get();
}

Result<std::unique_ptr<UsearchIndex>> OpenAny(std::string_view bytes, IndexOpenOptions options,
                                              int64_t mapped_bytes) {
  IOLITE_ASSIGN_OR_RETURN(auto file, internal::UsearchFile::Parse(bytes));
  if (options.rows != nullptr && options.rows_stride < file.dimension()) {
    return InvalidArgument("Rows of dimension {} cannot lie {} floats apart", file.dimension(),
                           options.rows_stride);
  }
  IOLITE_ASSIGN_OR_RETURN(auto reservation, options.budget->Reserve(file.memory_bytes()));
  const IndexExpectation expect = options.expect;
  auto index = std::make_unique<OpenedIndex>(std::move(file), std::move(options), mapped_bytes,
                                             std::move(reservation));
  IOLITE_RETURN_IF_ERROR(internal::CheckExpectation(expect, *index));
  return std::unique_ptr<UsearchIndex>(std::move(index));
}

}  // namespace

Result<std::unique_ptr<UsearchIndex>> UsearchIndex::Open(const std::string& path,
                                                         IndexOpenOptions options) {
  return internal::OpenMapped(path, std::move(options), OpenAny);
}

Result<std::unique_ptr<UsearchIndex>> UsearchIndex::OpenBytes(std::string_view bytes,
                                                              IndexOpenOptions options) {
  return OpenAny(bytes, std::move(options), 0);
}

}  // namespace iolite::vector
