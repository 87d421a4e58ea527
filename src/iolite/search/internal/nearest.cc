#include "iolite/search/internal/nearest.h"

#include <algorithm>

#include "iolite/search/explanation.h"

namespace iolite::search::internal {
namespace {

/// Past this many rows at one distance the rest is found by a scan: a graph is slower then.
constexpr size_t kTiesByGraphMax = 4096;

/// What one part answered.
struct PartAnswer {
  std::vector<vector::Neighbor> neighbors;
  bool cut = false;  ///< there may be more rows, none nearer than the last
};

/// Searches the parts of a snapshot for one query.
class NearestSearch {
 public:
  NearestSearch(const RequestContext& context, const results::Snapshot& snapshot,
                const NearestRequest& request)
      : context_(context),
        snapshot_(snapshot),
        request_(request),
        answers_(snapshot.parts.size()) {}

  Result<std::vector<FoundRow>> Run(Executor* executor) {
    // One more than asked shows whether the k-th distance goes on, and makes up for the example.
    const size_t want = request_.k + 1 + (request_.without ? 1 : 0);
    const auto search = [&](size_t part) { return SearchPart(part, want, request_.exact); };
    if (executor != nullptr && answers_.size() > 1) {
      IOLITE_RETURN_IF_ERROR(executor->ParallelFor(context_, answers_.size(), search));
    } else {
      for (size_t part = 0; part < answers_.size(); ++part) IOLITE_RETURN_IF_ERROR(search(part));
    }
    for (size_t part = 0; part < answers_.size(); ++part)
      IOLITE_RETURN_IF_ERROR(CompleteTies(part));
    return Merge();
  }

  /// Merges what a batch found in each part for the query that the request names now.
  Result<std::vector<FoundRow>> Finish(std::vector<PartAnswer> answers) {
    answers_ = std::move(answers);
    return CompleteAndMerge();
  }

 private:
  Result<std::vector<FoundRow>> CompleteAndMerge() {
    for (size_t part = 0; part < answers_.size(); ++part)
      IOLITE_RETURN_IF_ERROR(CompleteTies(part));
    return Merge();
  }

  Status SearchPart(size_t part, size_t want, bool exact) {
    PartAnswer& answer = answers_[part];
    const results::Snapshot::Part& stored = snapshot_.parts[part];
    const auto* allowed = request_.filter ? request_.filter->parts[part].get() : nullptr;
    if (allowed != nullptr && allowed->empty()) return Status::Ok();
    TraceScope step(context_.trace, "index", *context_.clock);
    IOLITE_ASSIGN_OR_RETURN(const std::shared_ptr<const vector::VectorIndex> index,
                            stored.segment->index());
    want = std::min(want, static_cast<size_t>(index->row_count()));
    answer.neighbors.resize(want);
    vector::SearchStats stats;
    const vector::VectorSearch search{.query = request_.query,
                                      .k = want,
                                      .ef = request_.ef,
                                      .target_recall = request_.target_recall,
                                      .allowed = allowed,
                                      .hidden = stored.hidden.get(),
                                      .exact = exact,
                                      .stats = step.enabled() ? &stats : nullptr};
    IOLITE_ASSIGN_OR_RETURN(const size_t count, index->Search(context_, search, answer.neighbors));
    answer.neighbors.resize(count);
    answer.cut = count == want && count < static_cast<size_t>(index->row_count());
    if (step.enabled()) step.set_detail(Describe(*index, stats, part));
    return Status::Ok();
  }

  std::string Describe(const vector::VectorIndex& index, const vector::SearchStats& stats,
                       size_t part) const {
    std::string text =
        fmt::format("{} {}", index.kind(), vector::ElementTypeName(index.element_type()));
    if (snapshot_.parts.size() > 1) {
      text = fmt::format("segment {} of {}: {}", part + 1, snapshot_.parts.size(), text);
    }
    if (request_.ef > 0) text += fmt::format(", ef {}", request_.ef);
    if (request_.target_recall > 0) text += fmt::format(", recall {}", request_.target_recall);
    text += fmt::format(", plan: {}", stats.plan.empty() ? "not told" : stats.plan);
    if (!stats.reason.empty()) text += fmt::format(" ({})", stats.reason);
    text += fmt::format(", visited {} of {} rows", WithThousands(stats.rows_visited),
                        WithThousands(index.row_count()));
    if (stats.rows_rescored > 0)
      text += fmt::format(", rescored {}", WithThousands(stats.rows_rescored));
    return text;
  }

  /// The distance of the k-th row over all parts; nothing when there are no k rows.
  std::optional<float> BoundaryDistance() {
    distances_.clear();
    for (uint32_t part = 0; part < answers_.size(); ++part) {
      for (const vector::Neighbor& neighbor : answers_[part].neighbors) {
        if (!Left(part, neighbor)) distances_.push_back(neighbor.distance);
      }
    }
    if (distances_.size() < request_.k || request_.k == 0) return std::nullopt;
    const auto boundary = distances_.begin() + static_cast<ptrdiff_t>(request_.k) - 1;
    std::nth_element(distances_.begin(), boundary, distances_.end());
    return *boundary;
  }

  /// Indexes break ties by row, we by id: when a part was cut among rows as far as the k-th, the
  /// others of that distance are fetched too.
  Status CompleteTies(size_t part) {
    size_t want = answers_[part].neighbors.size();
    while (answers_[part].cut) {
      const std::optional<float> boundary = BoundaryDistance();
      if (!boundary || answers_[part].neighbors.back().distance > *boundary) break;
      want *= 4;
      const bool scan = want > kTiesByGraphMax;
      if (scan) want = static_cast<size_t>(snapshot_.parts[part].segment->row_count());
      IOLITE_RETURN_IF_ERROR(SearchPart(part, want, scan || request_.exact));
      if (scan) break;
    }
    return Status::Ok();
  }

  bool Left(uint32_t part, const vector::Neighbor& neighbor) const {
    return request_.without && *request_.without == RowPlace{part, neighbor.row};
  }

  Result<std::vector<FoundRow>> Merge() {
    const std::optional<float> boundary = BoundaryDistance();
    std::vector<FoundRow> found;
    found.reserve(std::min(distances_.size(), request_.k + 8));
    for (uint32_t part = 0; part < answers_.size(); ++part) {
      const segments::Segment& segment = *snapshot_.parts[part].segment;
      for (const vector::Neighbor& neighbor : answers_[part].neighbors) {
        if (boundary && neighbor.distance > *boundary) break;
        if (Left(part, neighbor)) continue;
        IOLITE_ASSIGN_OR_RETURN(const std::string_view id, segment.row_id(neighbor.row));
        found.push_back({{part, neighbor.row}, neighbor.distance, std::string(id)});
      }
    }
    std::sort(found.begin(), found.end(), [](const FoundRow& left, const FoundRow& right) {
      return left.distance != right.distance ? left.distance < right.distance : left.id < right.id;
    });
    if (found.size() > request_.k) found.resize(request_.k);
    return found;
  }

  const RequestContext& context_;
  const results::Snapshot& snapshot_;
  const NearestRequest& request_;
  std::vector<PartAnswer> answers_;
  std::vector<float> distances_;
};

/// What one part answers to many queries: answers[query][part].
Status SearchPartBatch(const RequestContext& context, const results::Snapshot::Part& stored,
                       size_t part, const NearestRequest& settings, std::span<const float> values,
                       size_t want, std::vector<std::vector<PartAnswer>>& answers) {
  const auto* allowed = settings.filter ? settings.filter->parts[part].get() : nullptr;
  if (allowed != nullptr && allowed->empty()) return Status::Ok();
  IOLITE_ASSIGN_OR_RETURN(const std::shared_ptr<const vector::VectorIndex> index,
                          stored.segment->index());
  const auto row_count = static_cast<size_t>(index->row_count());
  want = std::min(want, row_count);
  std::vector<vector::Neighbor> neighbors(answers.size() * want);
  std::vector<size_t> counts(answers.size());
  const vector::VectorSearch search{.k = want,
                                    .ef = settings.ef,
                                    .target_recall = settings.target_recall,
                                    .allowed = allowed,
                                    .hidden = stored.hidden.get(),
                                    .exact = settings.exact};
  IOLITE_RETURN_IF_ERROR(
      index->SearchBatch(context, Executor::Inline(), values, search, neighbors, counts));
  for (size_t i = 0; i < answers.size(); ++i) {
    const auto begin = neighbors.begin() + static_cast<ptrdiff_t>(i * want);
    answers[i][part] = {{begin, begin + static_cast<ptrdiff_t>(counts[i])},
                        counts[i] == want && want < row_count};
  }
  return Status::Ok();
}

}  // namespace

Result<std::vector<FoundRow>> FindNearest(const RequestContext& context,
                                          const results::Snapshot& snapshot,
                                          const NearestRequest& request, Executor* executor) {
  return NearestSearch(context, snapshot, request).Run(executor);
}

Result<std::vector<std::vector<FoundRow>>> FindNearestBatch(const RequestContext& context,
                                                            const results::Snapshot& snapshot,
                                                            const NearestRequest& settings,
                                                            std::span<const QueryVector> queries) {
  std::vector<float> values;
  if (!queries.empty()) values.reserve(queries.size() * queries[0].values.size());
  size_t want = settings.k + 1;
  for (const QueryVector& query : queries) {
    values.insert(values.end(), query.values.begin(), query.values.end());
    if (query.without) want = settings.k + 2;
  }
  std::vector<std::vector<PartAnswer>> answers(queries.size());
  for (auto& of_query : answers) of_query.resize(snapshot.parts.size());
  for (size_t part = 0; part < snapshot.parts.size(); ++part) {
    IOLITE_RETURN_IF_ERROR(
        SearchPartBatch(context, snapshot.parts[part], part, settings, values, want, answers));
  }
  std::vector<std::vector<FoundRow>> found(queries.size());
  NearestRequest request = settings;
  NearestSearch merge(context, snapshot, request);
  for (size_t i = 0; i < queries.size(); ++i) {
    request.query = queries[i].values;
    request.without = queries[i].without;
    IOLITE_ASSIGN_OR_RETURN(found[i], merge.Finish(std::move(answers[i])));
  }
  return found;
}

Result<std::optional<RowPlace>> FindVisible(const results::Snapshot& snapshot,
                                            std::string_view row_id) {
  for (uint32_t part = 0; part < snapshot.parts.size(); ++part) {
    const results::Snapshot::Part& stored = snapshot.parts[part];
    IOLITE_ASSIGN_OR_RETURN(const std::optional<uint32_t> row, stored.segment->FindRow(row_id));
    if (row && !(stored.hidden && stored.hidden->Contains(*row))) {
      return std::optional<RowPlace>(RowPlace{part, *row});
    }
  }
  return std::optional<RowPlace>();
}

}  // namespace iolite::search::internal
