#include "iolite/vector/flat_file_index.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "iolite/vector/flat/codes.h"
#include "iolite/vector/flat/extents.h"
#include "iolite/vector/flat/layout.h"
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
// From this share of surviving rows on, whole blocks are looked up. Measured on one core of a
// Sapphire Rapids over 60,000 x 768: a block of 32 takes 185 ns, of which the look-up is 96 and the
// rest waiting for memory, a gathered row 15 ns.
constexpr double kBlockShareMin = 0.4;
// Stored elements that lose something propose this many for each wanted row.
constexpr size_t kRescoredPerRow = 4, kRescoredMin = 64;
// Blocks between two looks at the context.
constexpr uint32_t kBlocksPerCheck = 256;

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

  /// Exact batches compare each row with many queries at once.
  Status SearchBatch(const RequestContext& context, Executor& executor,
                     std::span<const float> queries, const VectorSearch& request,
                     std::span<Neighbor> out, std::span<size_t> counts) const override {
    if (!request.exact || exact_.rows == nullptr || exact_.type != ElementType::kF32) {
      return VectorIndex::SearchBatch(context, executor, queries, request, out, counts);
    }
    if (exact_is_stored()) {
      IOLITE_RETURN_IF_ERROR(extents_.Need(layout_.vectors_at(), layout_.checksums_at()));
    }
    return internal::ExactBatch(context, executor, exact_, queries, request, out, counts);
  }

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
  bool exact_is_stored() const { return exact_.rows == stored_.rows; }

  Status Exact(Run& run, std::string reason) const;
  Status ReadAll(Run& run) const;
  Status ByCodes(Run& run) const;
  Status Propose(Run& run, const flat::CodeQuery& query, internal::Shortlist& shortlist) const;
  Status ProposeBlocks(Run& run, const flat::CodeQuery& query,
                       internal::Shortlist& shortlist) const;
  Status ProposeGathered(Run& run, const flat::CodeQuery& query,
                         internal::Shortlist& shortlist) const;
  Status Decide(Run& run, const flat::CodeQuery& query, std::span<const Neighbor> proposed) const;
  Result<std::vector<Neighbor>> ByFineCodes(const flat::CodeQuery& query,
                                            std::span<const Neighbor> proposed) const;
  Status FineScan(Run& run, const flat::CodeQuery& query) const;
  Status Rescore(Run& run, std::span<const Neighbor> candidates) const;
  const void* StoredQuery(Run& run) const;
  Result<flat::CodeQuery> MakeQuery(const Run& run) const;
  // kDataLoss when rows of a section, or the surviving vectors, are damaged.
  Status NeedRows(size_t at, size_t row_bytes, std::span<const uint32_t> ids) const;
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
  if (request.exact) {
    IOLITE_RETURN_IF_ERROR(Exact(run, "the caller asked for it"));
  } else if (codes_ == nullptr) {
    IOLITE_RETURN_IF_ERROR(
        Exact(run, fmt::format("the metric {} has no codes", MetricName(shape().metric))));
  } else {
    IOLITE_RETURN_IF_ERROR(ByCodes(run));
  }
  if (request.stats != nullptr) *request.stats = std::move(run.stats);
  return top.Finish();
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
    IOLITE_ASSIGN_OR_RETURN(const flat::CodeQuery query, MakeQuery(run));
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

Status FlatFileIndex::ByCodes(Run& run) const {
  using Verdict = internal::Proposals::Verdict;
  const uint32_t count = run.survivors.count();
  std::string reason = fmt::format("{} of {} rows may appear", count, shape().row_count);
  internal::Proposals proposals(run.wanted, count, run.request.ef);
  if (!proposals.worthwhile()) return Exact(run, std::move(reason));
  IOLITE_ASSIGN_OR_RETURN(const flat::CodeQuery query, MakeQuery(run));
  if (query.zero) return Exact(run, "all rows are equally far from a query of zeros");
  for (auto verdict = Verdict::kAskForMore; verdict == Verdict::kAskForMore;) {
    internal::Shortlist shortlist(proposals.count());
    IOLITE_RETURN_IF_ERROR(Propose(run, query, shortlist));
    run.stats.rows_visited += count;
    const std::vector<Neighbor> proposed = shortlist.Finish();
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

Status FlatFileIndex::Propose(Run& run, const flat::CodeQuery& query,
                              internal::Shortlist& shortlist) const {
  const double share = static_cast<double>(run.survivors.count()) / shape().row_count;
  if (run.survivors.all() || share >= kBlockShareMin) return ProposeBlocks(run, query, shortlist);
  return ProposeGathered(run, query, shortlist);
}

Status FlatFileIndex::ProposeBlocks(Run& run, const flat::CodeQuery& query,
                                    internal::Shortlist& shortlist) const {
  const auto scan = kernels::Kernels().scan_block;
  const uint64_t* words = run.survivors.Words();
  const uint32_t padded = layout_.padded(), blocks = layout_.block_count();
  const uint32_t in_last = shape().row_count - (blocks - 1) * flat::kBlockRows;
  alignas(64) float estimates[flat::kBlockRows];
  for (uint32_t block = 0; block < blocks; ++block) {
    if (block % kBlocksPerCheck == 0) {
      IOLITE_RETURN_IF_ERROR(run.context.Check());
      const size_t begin = layout_.blocks_at() + block * layout_.block_bytes();
      const uint32_t some = std::min(kBlocksPerCheck, blocks - block);
      IOLITE_RETURN_IF_ERROR(extents_.Need(begin, begin + some * layout_.block_bytes()));
    }
    uint32_t wanted =
        words == nullptr ? ~0u : static_cast<uint32_t>(words[block / 2] >> (block % 2 * 32));
    // The rest of the last block must be empty; a damaged file may say otherwise.
    if (block + 1 == blocks && in_last < flat::kBlockRows) wanted &= (1u << in_last) - 1;
    if (wanted == 0) continue;
    const char* at = bytes_ + layout_.blocks_at() + block * layout_.block_bytes();
    auto add = reinterpret_cast<const float*>(at + 4 * size_t{padded});
    const kernels::ScanBlock codes{reinterpret_cast<const uint8_t*>(at), add,
                                   add + flat::kBlockRows};
    uint32_t below = wanted & scan(query.table, codes, padded, 0, shortlist.bound(), estimates);
    for (; below != 0; below &= below - 1) {
      const auto lane = static_cast<uint32_t>(std::countr_zero(below));
      shortlist.Offer(block * flat::kBlockRows + lane, estimates[lane]);
    }
  }
  return Status::Ok();
}

Status FlatFileIndex::ProposeGathered(Run& run, const flat::CodeQuery& query,
                                      internal::Shortlist& shortlist) const {
  // One run has all rows below 2^31, another the rest.
  const char* at = bytes_ + layout_.signs_at();
  const char* const runs[] = {at, at + (size_t{1} << 31) * layout_.sign_row_bytes()};
  const kernels::SignRows rows{runs, 31, 0, layout_.sign_row_bytes(), layout_.sign_bits()};
  // <q, signs> is twice the sum of the elements whose bit is set, less the sum of all.
  const kernels::SignQuery signs{query.elements.data(),
                                 -query.step * static_cast<float>(query.total), 2 * query.step};
  Status status;
  float estimates[Survivors::kRun];
  run.survivors.ForEachRun([&](const uint32_t* ids, size_t count) {
    status = run.context.Check();
    if (status.ok()) status = NeedRows(layout_.signs_at(), layout_.sign_row_bytes(), {ids, count});
    if (!status.ok()) return false;
    kernels::Kernels().sign_estimates(signs, rows, ids, count, estimates);
    for (size_t i = 0; i < count; ++i) {
      if (estimates[i] < shortlist.bound()) shortlist.Offer(ids[i], estimates[i]);
    }
    return true;
  });
  return status;
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
  IOLITE_RETURN_IF_ERROR(NeedRows(layout_.fine_at(), layout_.fine_row_bytes(), ids));
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
    if (status.ok()) status = NeedRows(layout_.fine_at(), layout_.fine_row_bytes(), {ids, count});
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
    IOLITE_RETURN_IF_ERROR(NeedRows(layout_.vectors_at(), layout_.vector_bytes(), ids));
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

Status FlatFileIndex::NeedRows(size_t at, size_t row_bytes, std::span<const uint32_t> ids) const {
  for (uint32_t id : ids) {
    const size_t begin = at + id * row_bytes;
    IOLITE_RETURN_IF_ERROR(extents_.Need(begin, begin + row_bytes));
  }
  return Status::Ok();
}

Status FlatFileIndex::NeedVectors(Run& run) const {
  if (extents_.all_sound()) return Status::Ok();
  const size_t row_bytes = layout_.vector_bytes();
  Status status;
  run.survivors.ForEachRun([&](const uint32_t* ids, size_t count) {
    status = run.context.Check();
    if (status.ok()) status = NeedRows(layout_.vectors_at(), row_bytes, {ids, count});
    return status.ok();
  });
  return status;
}

Result<flat::CodeQuery> FlatFileIndex::MakeQuery(const Run& run) const {
  IOLITE_RETURN_IF_ERROR(
      extents_.Need(layout_.mean_at(), layout_.mean_at() + 4 * size_t{layout_.padded()}));
  return codes_->MakeQuery(run.request.query);
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
