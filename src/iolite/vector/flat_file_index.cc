#include "iolite/vector/flat_file_index.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "iolite/vector/flat/codes.h"
#include "iolite/vector/flat/extents.h"
#include "iolite/vector/flat/layout.h"
#include "iolite/vector/flat/scan.h"
#include "iolite/vector/internal/exact_scan.h"
#include "iolite/vector/internal/expectation.h"
#include "iolite/vector/internal/mapped_file.h"
#include "iolite/vector/internal/proposals.h"
#include "iolite/vector/internal/query.h"
#include "iolite/vector/internal/shortlist.h"
#include "iolite/vector/internal/survivors.h"
#include "iolite/vector/internal/top_k.h"
#include "iolite/vector/kernels/convert.h"
#include "iolite/vector/kernels/kernels.h"

namespace iolite::vector {
namespace {

using internal::Survivors;
using internal::TopK;

// Of what signs propose, fine codes of 8 and 4 bits leave so many for each wanted row, and at
// least.
constexpr size_t kFinePerRow = 2, kFineMin = 32;
constexpr size_t kNibblesPerRow = 4, kNibblesMin = 64;
// Stored elements that lose something propose this many for each wanted row.
constexpr size_t kRescoredPerRow = 4, kRescoredMin = 64;
// Queries of a batch that read codes together: their tables stay in the first-level cache.
constexpr size_t kTileQueries = 8;
// i8 elements are 127 times a unit vector's.
float ScaleOf(Metric metric, ElementType type) {
  if (type != ElementType::kI8 || metric == Metric::kCosine) return 1;
  return metric == Metric::kL1 ? 1.0f / 127 : 1.0f / (127 * 127);
}

std::vector<uint32_t> RowsOf(std::span<const Neighbor> neighbors) {
  std::vector<uint32_t> rows(neighbors.size());
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = neighbors[i].row;
  return rows;
}

class FlatFileIndex final : public VectorIndex {
 public:
  FlatFileIndex(std::string_view bytes, const flat::Layout& layout, flat::Extents extents,
                IndexOpenOptions options, int64_t mapped_bytes, Reservation reservation);

  Result<size_t> Search(const RequestContext& context, const VectorSearch& request,
                        std::span<Neighbor> out) const override;

  /// Exact batches compare each row, others look up each block, for many queries at once.
  Status SearchBatch(const RequestContext& context, Executor& executor,
                     std::span<const float> queries, const VectorSearch& request,
                     std::span<Neighbor> out, std::span<size_t> counts) const override;

  std::string_view kind() const override { return "flat"; }
  Metric metric() const override { return shape().metric; }
  ElementType element_type() const override { return shape().element_type; }
  int32_t dimension() const override { return static_cast<int32_t>(shape().dimension); }
  int64_t row_count() const override { return shape().row_count; }
  int64_t memory_bytes() const override { return codes_ ? codes_->memory_bytes() : 0; }
  int64_t mapped_bytes() const override { return mapped_bytes_; }
  Status Verify(const RequestContext& context) const override { return extents_.Verify(context); }

 private:
  // One search on its way.
  struct Run {
    const RequestContext& context;
    const VectorSearch& request;
    Survivors& survivors;
    TopK& top;
    size_t wanted;  // min(k, rows that may appear)
    SearchStats stats;
    std::vector<char> stored_query;
  };

  const flat::Shape& shape() const { return layout_.shape(); }
  // Whether exact distances can be had.
  bool has_exact() const { return exact_.rows != nullptr || options_.read_row != nullptr; }
  flat::Scan scan() const { return {bytes_, layout_, extents_}; }
  bool exact_is_stored() const { return exact_.rows == stored_.rows; }

  Status Answer(Run& run) const;
  Status SearchTile(const RequestContext& context, std::span<const float> queries,
                    VectorSearch request, Survivors& survivors, std::span<Neighbor> out,
                    std::span<size_t> counts) const;
  Status Exact(Run& run, std::string reason) const;
  Status ReadAll(Run& run) const;
  // `proposed` is a first round of proposals that was made elsewhere, or empty.
  Status ByCodes(Run& run, const flat::CodeQuery& query, std::vector<Neighbor> proposed) const;
  Status Decide(Run& run, const flat::CodeQuery& query, std::span<const Neighbor> proposed) const;
  Result<std::vector<Neighbor>> ByFineCodes(const flat::CodeQuery& query,
                                            std::span<const Neighbor> proposed) const;
  Status FineScan(Run& run, const flat::CodeQuery& query) const;
  Status Rescore(Run& run, std::span<const Neighbor> candidates) const;
  const void* StoredQuery(Run& run) const;
  Result<flat::CodeQuery> MakeQuery(std::span<const float> query) const;
  // kDataLoss when surviving vectors are damaged.
  Status NeedVectors(Run& run) const;

  const char* bytes_;
  flat::Layout layout_;
  flat::Extents extents_;
  IndexOpenOptions options_;
  int64_t mapped_bytes_;
  Reservation reservation_;
  std::unique_ptr<flat::Codes> codes_;  // null where the metric has none
  internal::Matrix stored_;             // the file's elements; no rows where it keeps none
  internal::Matrix exact_;              // where exact distances come from; no rows where nowhere
};

FlatFileIndex::FlatFileIndex(std::string_view bytes, const flat::Layout& layout,
                             flat::Extents extents, IndexOpenOptions options, int64_t mapped_bytes,
                             Reservation reservation)
    : bytes_(bytes.data()),
      layout_(layout),
      extents_(std::move(extents)),
      options_(std::move(options)),
      mapped_bytes_(mapped_bytes),
      reservation_(std::move(reservation)) {
  const flat::Shape& shape = layout_.shape();
  if (shape.code_bits > 0) {
    codes_ = std::make_unique<flat::Codes>(shape);
    codes_->SetMean(reinterpret_cast<const float*>(bytes_ + layout_.mean_at()));
  }
  stored_ = {nullptr,         layout_.vector_bytes(), shape.row_count,
             shape.dimension, shape.metric,           shape.element_type};
  if (shape.vectors) stored_.rows = bytes_ + layout_.vectors_at();
  const bool lossless = shape.element_type == ElementType::kF32 ||
                        shape.element_type == ElementType::kU8 ||
                        shape.element_type == ElementType::kBits;
  exact_ = stored_;
  if (options_.rows != nullptr && !(shape.vectors && lossless)) {
    exact_.rows = options_.rows;
    exact_.stride_bytes = options_.rows_stride * sizeof(float);
    exact_.type = ElementType::kF32;
  } else if (!(shape.vectors && lossless) && options_.read_row) {
    exact_.rows = nullptr;
  }
}

Result<size_t> FlatFileIndex::Search(const RequestContext& context, const VectorSearch& request,
                                     std::span<Neighbor> out) const {
  IOLITE_RETURN_IF_ERROR(
      internal::CheckQuery(request.query, shape().dimension, shape().element_type));
  IOLITE_RETURN_IF_ERROR(internal::CheckOut(request, shape().row_count, out.size()));
  IOLITE_RETURN_IF_ERROR(context.Check());
  Survivors survivors(request, shape().row_count);
  const size_t wanted = std::min<size_t>(request.k, survivors.count());
  if (wanted == 0) {
    if (request.stats != nullptr) *request.stats = internal::NothingToFind(request);
    return size_t{0};
  }
  TopK top(out.first(wanted), request.distance_max);
  Run run{context, request, survivors, top, wanted, {}, {}};
  IOLITE_RETURN_IF_ERROR(Answer(run));
  if (request.stats != nullptr) *request.stats = std::move(run.stats);
  return top.Finish();
}

Status FlatFileIndex::Answer(Run& run) const {
  if (run.request.exact) return Exact(run, "the caller asked for it");
  if (codes_ == nullptr) {
    return Exact(run, fmt::format("the metric {} has no codes", MetricName(shape().metric)));
  }
  const uint32_t count = run.survivors.count();
  if (!internal::Proposals(run.wanted, count, run.request.ef).worthwhile()) {
    return Exact(run, fmt::format("{} of {} rows may appear", count, shape().row_count));
  }
  IOLITE_ASSIGN_OR_RETURN(const flat::CodeQuery query, MakeQuery(run.request.query));
  if (query.zero) return Exact(run, "all rows are equally far from a query of zeros");
  return ByCodes(run, query, {});
}

// Queries of a tile read the codes once, where a search would look up whole blocks; all else is
// done one by one.
Status FlatFileIndex::SearchTile(const RequestContext& context, std::span<const float> queries,
                                 VectorSearch request, Survivors& survivors,
                                 std::span<Neighbor> out, std::span<size_t> counts) const {
  const size_t width = shape().dimension, kept = out.size() / counts.size();
  const size_t wanted = std::min<size_t>(request.k, survivors.count());
  const size_t proposed = internal::Proposals(wanted, survivors.count(), request.ef).count();
  std::vector<flat::CodeQuery> prepared;
  std::vector<internal::Shortlist> shortlists;
  for (size_t q = 0; q < counts.size(); ++q) {
    const auto query = queries.subspan(q * width, width);
    IOLITE_RETURN_IF_ERROR(internal::CheckQuery(query, width, shape().element_type));
    IOLITE_ASSIGN_OR_RETURN(auto made, MakeQuery(query));
    prepared.push_back(std::move(made));
    shortlists.emplace_back(proposed);
  }
  IOLITE_RETURN_IF_ERROR(scan().Propose(context, survivors, prepared, shortlists));
  for (size_t q = 0; q < counts.size(); ++q) {
    request.query = queries.subspan(q * width, width);
    TopK top(out.subspan(q * kept, wanted), request.distance_max);
    Run run{context, request, survivors, top, wanted, {}, {}};
    IOLITE_RETURN_IF_ERROR(prepared[q].zero ? Answer(run)
                                            : ByCodes(run, prepared[q], shortlists[q].Finish()));
    counts[q] = top.Finish();
  }
  return Status::Ok();
}

Status FlatFileIndex::SearchBatch(const RequestContext& context, Executor& executor,
                                  std::span<const float> queries, const VectorSearch& request,
                                  std::span<Neighbor> out, std::span<size_t> counts) const {
  if (request.exact && exact_.rows != nullptr && exact_.type == ElementType::kF32) {
    if (exact_is_stored()) {
      IOLITE_RETURN_IF_ERROR(extents_.Need(layout_.vectors_at(), layout_.checksums_at()));
    }
    return internal::ExactBatch(context, executor, exact_, queries, request, out, counts);
  }
  const size_t width = shape().dimension;
  const size_t kept = std::min<size_t>(request.k, shape().row_count);
  IOLITE_RETURN_IF_ERROR(
      internal::CheckBatch(queries.size(), counts.size(), width, kept, out.size()));
  Survivors survivors(request, shape().row_count);
  const size_t wanted = std::min<size_t>(request.k, survivors.count());
  const bool by_codes = codes_ != nullptr && !request.exact && wanted > 0 &&
                        internal::Proposals(wanted, survivors.count(), request.ef).worthwhile();
  if (!by_codes) {
    return VectorIndex::SearchBatch(context, executor, queries, request, out, counts);
  }
  survivors.Words();  // makes them once, before threads ask
  const size_t tiles = (counts.size() + kTileQueries - 1) / kTileQueries;
  return executor.ParallelFor(context, tiles, [&](size_t tile) {
    const size_t first = tile * kTileQueries;
    const size_t count = std::min(kTileQueries, counts.size() - first);
    VectorSearch one = request;
    one.stats = nullptr;
    return SearchTile(context, queries.subspan(first * width, count * width), one, survivors,
                      out.subspan(first * kept, count * kept), counts.subspan(first, count));
  });
}

const void* FlatFileIndex::StoredQuery(Run& run) const {
  if (shape().element_type == ElementType::kF32) return run.request.query.data();
  if (run.stored_query.empty()) {
    run.stored_query.resize(layout_.vector_bytes());
    kernels::ToElements(shape().element_type, run.request.query.data(), shape().dimension,
                        run.stored_query.data());
  }
  return run.stored_query.data();
}

// From the best there is: rows in memory, rows that are read, elements, fine codes.
Status FlatFileIndex::Exact(Run& run, std::string reason) const {
  run.stats.plan = run.survivors.all() ? "exact" : "exact over the filter";
  run.stats.reason = std::move(reason);
  run.stats.rows_visited += run.survivors.count();
  if (exact_.rows != nullptr && ScaleOf(exact_.metric, exact_.type) == 1) {
    const void* query =
        exact_.type == ElementType::kF32 ? run.request.query.data() : StoredQuery(run);
    if (exact_is_stored()) IOLITE_RETURN_IF_ERROR(NeedVectors(run));
    return internal::ExactScan(run.context, exact_, query, run.survivors, run.top);
  }
  if (run.request.exact && exact_.rows == nullptr && options_.read_row) return ReadAll(run);
  if (stored_.rows == nullptr) {
    run.stats.plan = run.survivors.all() ? "codes" : "codes over the filter";
    run.stats.reason += ", and the file keeps no vectors";
    IOLITE_ASSIGN_OR_RETURN(const flat::CodeQuery query, MakeQuery(run.request.query));
    return FineScan(run, query);
  }
  std::vector<Neighbor> room(std::min<size_t>(
      run.survivors.count(), std::max(run.wanted * kRescoredPerRow, kRescoredMin)));
  TopK candidates(room, std::nullopt);
  IOLITE_RETURN_IF_ERROR(NeedVectors(run));
  IOLITE_RETURN_IF_ERROR(
      internal::ExactScan(run.context, stored_, StoredQuery(run), run.survivors, candidates));
  return Rescore(run, std::span(room).first(candidates.size()));
}

Status FlatFileIndex::ReadAll(Run& run) const {
  Status status;
  std::vector<Neighbor> some;
  run.survivors.ForEachRun([&](const uint32_t* ids, size_t count) {
    some.clear();
    for (size_t i = 0; i < count; ++i) some.push_back({ids[i], 0});
    status = run.context.Check();
    if (status.ok()) status = Rescore(run, some);
    return status.ok();
  });
  return status;
}

Status FlatFileIndex::ByCodes(Run& run, const flat::CodeQuery& query,
                              std::vector<Neighbor> proposed) const {
  using Verdict = internal::Proposals::Verdict;
  const uint32_t count = run.survivors.count();
  std::string reason = fmt::format("{} of {} rows may appear", count, shape().row_count);
  internal::Proposals proposals(run.wanted, count, run.request.ef);
  for (auto verdict = Verdict::kAskForMore; verdict == Verdict::kAskForMore; proposed.clear()) {
    if (proposed.empty()) {
      internal::Shortlist shortlist(proposals.count());
      IOLITE_RETURN_IF_ERROR(
          scan().Propose(run.context, run.survivors, {&query, 1}, {&shortlist, 1}));
      proposed = shortlist.Finish();
    }
    run.stats.rows_visited += count;
    // Estimates that are no numbers propose nothing.
    if (proposed.size() < run.wanted) break;
    run.top.Clear();
    IOLITE_RETURN_IF_ERROR(Decide(run, query, proposed));
    verdict = proposals.Judge(run.top, proposed);
    if (verdict == Verdict::kSettled) {
      run.stats.plan = run.survivors.all() ? "codes" : "codes over the filter";
      run.stats.reason = std::move(reason);
      return Status::Ok();
    }
  }
  run.top.Clear();
  return Exact(run, reason + ", and their codes lie too close together");
}

// Fine codes thin the proposals out; should their own last places still bring answers, all of the
// proposals are compared.
Status FlatFileIndex::Decide(Run& run, const flat::CodeQuery& query,
                             std::span<const Neighbor> proposed) const {
  if (shape().code_bits == 1) return Rescore(run, proposed);
  IOLITE_ASSIGN_OR_RETURN(const std::vector<Neighbor> fine, ByFineCodes(query, proposed));
  if (!has_exact()) {
    for (const Neighbor& neighbor : fine) run.top.Offer(neighbor.row, neighbor.distance);
    return Status::Ok();
  }
  const size_t kept = shape().code_bits == 8 ? std::max(run.wanted * kFinePerRow, kFineMin)
                                             : std::max(run.wanted * kNibblesPerRow, kNibblesMin);
  const auto best = std::span(fine).first(std::min(kept, fine.size()));
  IOLITE_RETURN_IF_ERROR(Rescore(run, best));
  if (best.size() == fine.size() || internal::Proposals::LateAnswers(run.top, best) == 0) {
    return Status::Ok();
  }
  run.top.Clear();
  return Rescore(run, proposed);
}

Result<std::vector<Neighbor>> FlatFileIndex::ByFineCodes(const flat::CodeQuery& query,
                                                         std::span<const Neighbor> proposed) const {
  const std::vector<uint32_t> ids = RowsOf(proposed);
  IOLITE_RETURN_IF_ERROR(
      flat::NeedRows(extents_, layout_.fine_at(), layout_.fine_row_bytes(), ids));
  std::vector<float> distances(ids.size());
  codes_->FineDistances(query, shape().code_bits, bytes_ + layout_.fine_at(), ids,
                        distances.data());
  std::vector<Neighbor> fine(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) fine[i] = {ids[i], distances[i]};
  std::sort(fine.begin(), fine.end(), internal::ComesFirst);
  return fine;
}

Status FlatFileIndex::FineScan(Run& run, const flat::CodeQuery& query) const {
  const size_t kept = std::max(run.wanted * kRescoredPerRow, kRescoredMin);
  std::vector<Neighbor> room(has_exact() ? std::min<size_t>(run.survivors.count(), kept)
                                         : size_t{0});
  TopK candidates(room, std::nullopt);
  TopK& top = has_exact() ? candidates : run.top;
  Status status;
  float distances[Survivors::kRun];
  run.survivors.ForEachRun([&](const uint32_t* ids, size_t count) {
    status = run.context.Check();
    if (status.ok())
      status = flat::NeedRows(extents_, layout_.fine_at(), layout_.fine_row_bytes(), {ids, count});
    if (!status.ok()) return false;
    codes_->FineDistances(query, shape().code_bits, bytes_ + layout_.fine_at(), {ids, count},
                          distances);
    top.OfferMany({distances, count}, [ids](size_t i) { return ids[i]; });
    return true;
  });
  IOLITE_RETURN_IF_ERROR(status);
  if (!has_exact()) return Status::Ok();
  return Rescore(run, std::span(room).first(candidates.size()));
}

Status FlatFileIndex::Rescore(Run& run, std::span<const Neighbor> candidates) const {
  run.stats.rows_rescored += static_cast<int64_t>(candidates.size());
  if (exact_.rows == nullptr) {
    const auto pair = kernels::Kernels().Of(shape().metric, ElementType::kF32).pair;
    std::vector<float> row(shape().dimension);
    for (const Neighbor& candidate : candidates) {
      IOLITE_RETURN_IF_ERROR(options_.read_row(candidate.row, row));
      run.top.Offer(candidate.row, pair(run.request.query.data(), row.data(), shape().dimension));
    }
    return Status::Ok();
  }
  const std::vector<uint32_t> ids = RowsOf(candidates);
  if (exact_is_stored()) {
    IOLITE_RETURN_IF_ERROR(
        flat::NeedRows(extents_, layout_.vectors_at(), layout_.vector_bytes(), ids));
  }
  std::vector<float> distances(ids.size());
  const void* query =
      exact_.type == ElementType::kF32 ? run.request.query.data() : StoredQuery(run);
  kernels::Kernels()
      .Of(exact_.metric, exact_.type)
      .gather(query, exact_.rows, exact_.stride_bytes, ids.data(), ids.size(), exact_.dimension,
              distances.data());
  const float scale = ScaleOf(exact_.metric, exact_.type);
  for (size_t i = 0; i < ids.size(); ++i) run.top.Offer(ids[i], distances[i] * scale);
  return Status::Ok();
}

Status FlatFileIndex::NeedVectors(Run& run) const {
  if (extents_.all_sound()) return Status::Ok();
  const size_t row_bytes = layout_.vector_bytes();
  Status status;
  run.survivors.ForEachRun([&](const uint32_t* ids, size_t count) {
    status = run.context.Check();
    if (status.ok())
      status = flat::NeedRows(extents_, layout_.vectors_at(), row_bytes, {ids, count});
    return status.ok();
  });
  return status;
}

Result<flat::CodeQuery> FlatFileIndex::MakeQuery(std::span<const float> query) const {
  IOLITE_RETURN_IF_ERROR(
      extents_.Need(layout_.mean_at(), layout_.mean_at() + 4 * size_t{layout_.padded()}));
  return codes_->MakeQuery(query);
}

Result<std::unique_ptr<VectorIndex>> OpenAny(std::string_view bytes, IndexOpenOptions options,
                                             int64_t mapped_bytes) {
  IOLITE_ASSIGN_OR_RETURN(const flat::Shape shape, flat::ReadHeader(bytes));
  if (reinterpret_cast<uintptr_t>(bytes.data()) % 8 != 0) {
    return InvalidArgument("The bytes of a flat index must begin at an address that 8 divides");
  }
  if (options.rows != nullptr && options.rows_stride < shape.dimension) {
    return InvalidArgument("Rows of dimension {} cannot lie {} floats apart", shape.dimension,
                           options.rows_stride);
  }
  const flat::Layout layout(shape);
  IOLITE_ASSIGN_OR_RETURN(auto extents, flat::Extents::Open(bytes, layout));
  IOLITE_ASSIGN_OR_RETURN(
      auto reservation,
      options.budget->Reserve(static_cast<int64_t>(16 * layout.padded() + extents.count() + 1024)));
  const IndexExpectation expect = options.expect;
  auto index = std::make_unique<FlatFileIndex>(
      bytes, layout, std::move(extents), std::move(options), mapped_bytes, std::move(reservation));
  IOLITE_RETURN_IF_ERROR(internal::CheckExpectation(expect, *index));
  return std::unique_ptr<VectorIndex>(std::move(index));
}

}  // namespace

Result<std::unique_ptr<VectorIndex>> OpenFlatIndex(const std::string& path,
                                                   IndexOpenOptions options) {
  IOLITE_ASSIGN_OR_RETURN(auto mapped, internal::MappedFile::Open(path));
  const std::string_view bytes = mapped->bytes();
  options.keep_alive = internal::Both(std::move(options.keep_alive), std::move(mapped));
  auto opened = OpenAny(bytes, std::move(options), static_cast<int64_t>(bytes.size()));
  if (!opened.ok()) return opened.status().WithContext(path);
  return opened;
}

Result<std::unique_ptr<VectorIndex>> OpenFlatIndexBytes(std::string_view bytes,
                                                        IndexOpenOptions options) {
  return OpenAny(bytes, std::move(options), 0);
}

}  // namespace iolite::vector
