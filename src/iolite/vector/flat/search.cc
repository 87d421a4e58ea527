#include "iolite/vector/flat/search.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "iolite/vector/internal/exact_scan.h"
#include "iolite/vector/internal/proposals.h"
#include "iolite/vector/internal/shortlist.h"

namespace iolite::vector::flat {
namespace {

using internal::Survivors;
using internal::TopK;

// Of what signs propose, fine codes of 8 and 4 bits leave so many for each wanted row, and at
// least.
constexpr size_t kFinePerRow = 2, kFineMin = 32;
constexpr size_t kNibblesPerRow = 4, kNibblesMin = 64;
// Stored elements that lose something propose this many for each wanted row.
constexpr size_t kRescoredPerRow = 4, kRescoredMin = 64;

}  // namespace

Status Search::Answer() {
  if (run_.request.exact) return Exact("the caller asked for it");
  if (!file_.has_codes()) {
    return Exact(fmt::format("the metric {} has no codes", MetricName(file_.shape().metric)));
  }
  const uint32_t count = run_.survivors.count();
  if (!internal::Proposals(run_.wanted, count, run_.request.ef).worthwhile()) {
    return Exact(fmt::format("{} of {} rows may appear", count, file_.shape().row_count));
  }
  IOLITE_ASSIGN_OR_RETURN(const CodeQuery query, file_.MakeQuery(run_.request.query));
  if (query.zero) return Exact("all rows are equally far from a query of zeros");
  return ByCodes(query, {});
}

// From the best there is: rows in memory, rows that are read, elements, fine codes.
Status Search::Exact(std::string reason) {
  const internal::RowSource& rows = file_.rows();
  run_.SetPlan("exact", std::move(reason));
  run_.stats.rows_visited += run_.survivors.count();
  if (rows.exact().rows != nullptr && rows.scale() == 1) {
    if (rows.exact_is_stored()) {
      IOLITE_RETURN_IF_ERROR(file_.CheckElements(run_.context, run_.survivors));
    }
    return internal::ExactScan(run_.context, rows.exact(), run_.query.As(rows.exact().type),
                               run_.survivors, run_.top);
  }
  if (run_.request.exact && rows.reads()) return ReadAll();
  if (rows.stored().rows == nullptr) {
    run_.SetPlan("codes", run_.stats.reason + ", and the file keeps no vectors");
    IOLITE_ASSIGN_OR_RETURN(const CodeQuery query, file_.MakeQuery(run_.request.query));
    return FineScan(query);
  }
  std::vector<Neighbor> room(std::min<size_t>(
      run_.survivors.count(), std::max(run_.wanted * kRescoredPerRow, kRescoredMin)));
  TopK candidates(room, std::nullopt);
  IOLITE_RETURN_IF_ERROR(file_.CheckElements(run_.context, run_.survivors));
  IOLITE_RETURN_IF_ERROR(internal::ExactScan(
      run_.context, rows.stored(), run_.query.As(rows.stored().type), run_.survivors, candidates));
  return Rescore(std::span(room).first(candidates.size()));
}

Status Search::ReadAll() {
  Status status;
  std::vector<Neighbor> some;
  run_.survivors.ForEachRun([&](const uint32_t* ids, size_t count) {
    some.clear();
    for (size_t i = 0; i < count; ++i) some.push_back({ids[i], 0});
    status = run_.context.Check();
    if (status.ok()) status = Rescore(some);
    return status.ok();
  });
  return status;
}

Status Search::FineScan(const CodeQuery& query) {
  const bool decided = !file_.rows().any();
  const size_t kept = std::max(run_.wanted * kRescoredPerRow, kRescoredMin);
  std::vector<Neighbor> room(decided ? size_t{0} : std::min<size_t>(run_.survivors.count(), kept));
  TopK candidates(room, std::nullopt);
  TopK& top = decided ? run_.top : candidates;
  Status status;
  float distances[Survivors::kRun];
  run_.survivors.ForEachRun([&](const uint32_t* ids, size_t count) {
    status = run_.context.Check();
    if (status.ok()) status = file_.FineDistances(query, {ids, count}, distances);
    if (!status.ok()) return false;
    top.OfferMany({distances, count}, [ids](size_t i) { return ids[i]; });
    return true;
  });
  IOLITE_RETURN_IF_ERROR(status);
  return decided ? Status::Ok() : Rescore(std::span(room).first(candidates.size()));
}

Status Search::ByCodes(const CodeQuery& query, std::vector<Neighbor> proposed) {
  bool settled = false;
  IOLITE_RETURN_IF_ERROR(Propose(query, std::move(proposed), settled));
  std::string reason =
      fmt::format("{} of {} rows may appear", run_.survivors.count(), file_.shape().row_count);
  if (settled) {
    run_.SetPlan("codes", std::move(reason));
    return Status::Ok();
  }
  run_.top.Clear();
  return Exact(reason + ", and their codes lie too close together");
}

Status Search::Propose(const CodeQuery& query, std::vector<Neighbor> proposed, bool& settled) {
  using Verdict = internal::Proposals::Verdict;
  internal::Proposals proposals(run_.wanted, run_.survivors.count(), run_.request.ef);
  for (auto verdict = Verdict::kAskForMore; verdict == Verdict::kAskForMore; proposed.clear()) {
    if (proposed.empty()) {
      internal::Shortlist shortlist(proposals.count());
      IOLITE_RETURN_IF_ERROR(
          file_.scan().Propose(run_.context, run_.survivors, {&query, 1}, {&shortlist, 1}));
      proposed = shortlist.Finish();
    }
    run_.stats.rows_visited += run_.survivors.count();
    // Estimates that are no numbers propose nothing.
    if (proposed.size() < run_.wanted) break;
    run_.top.Clear();
    IOLITE_RETURN_IF_ERROR(Decide(query, proposed));
    verdict = proposals.Judge(run_.top, proposed);
    settled = verdict == Verdict::kSettled;
  }
  return Status::Ok();
}

// Fine codes thin the proposals out; should their own last places still bring answers, all of the
// proposals are compared.
Status Search::Decide(const CodeQuery& query, std::span<const Neighbor> proposed) {
  const uint32_t code_bits = file_.shape().code_bits;
  if (code_bits == 1) return Rescore(proposed);
  IOLITE_ASSIGN_OR_RETURN(const std::vector<Neighbor> fine, ByFineCodes(query, proposed));
  if (!file_.rows().any()) {
    for (const Neighbor& neighbor : fine) run_.top.Offer(neighbor.row, neighbor.distance);
    return Status::Ok();
  }
  const size_t kept = code_bits == 8 ? std::max(run_.wanted * kFinePerRow, kFineMin)
                                     : std::max(run_.wanted * kNibblesPerRow, kNibblesMin);
  const auto best = std::span(fine).first(std::min(kept, fine.size()));
  IOLITE_RETURN_IF_ERROR(Rescore(best));
  if (best.size() == fine.size() || internal::Proposals::LateAnswers(run_.top, best) == 0) {
    return Status::Ok();
  }
  run_.top.Clear();
  return Rescore(proposed);
}

Result<std::vector<Neighbor>> Search::ByFineCodes(const CodeQuery& query,
                                                  std::span<const Neighbor> proposed) const {
  const std::vector<uint32_t> ids = internal::RowsOf(proposed);
  std::vector<float> distances(ids.size());
  IOLITE_RETURN_IF_ERROR(file_.FineDistances(query, ids, distances.data()));
  std::vector<Neighbor> fine(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) fine[i] = {ids[i], distances[i]};
  std::sort(fine.begin(), fine.end(), internal::ComesFirst);
  return fine;
}

Status Search::Rescore(std::span<const Neighbor> candidates) {
  run_.stats.rows_rescored += static_cast<int64_t>(candidates.size());
  return file_.Offer(run_.query, candidates, run_.top);
}

}  // namespace iolite::vector::flat
