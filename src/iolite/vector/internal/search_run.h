#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "iolite/vector/index.h"
#include "iolite/vector/internal/query.h"
#include "iolite/vector/internal/row_source.h"
#include "iolite/vector/internal/survivors.h"
#include "iolite/vector/internal/top_k.h"

namespace iolite::vector::internal {

/// One search on its way.
struct SearchRun {
  const RequestContext& context;
  const VectorSearch& request;
  Survivors& survivors;
  TopK& top;
  size_t wanted;  ///< min(k, rows that may appear)
  ElementQuery query{request.query};
  SearchStats stats{};

  /// Says what answers: `exact` becomes `exact over the filter` where there is one.
  void SetPlan(std::string_view name, std::string reason) {
    stats.plan = name;
    if (!survivors.all()) stats.plan += " over the filter";
    stats.reason = std::move(reason);
  }
};

/// VectorIndex::Search of `index`: checks the request, has `answer(run)` offer rows to run.top, and
/// explains.
template <class AnswerFunction>
Result<size_t> RunSearch(const VectorIndex& index, const RequestContext& context,
                         const VectorSearch& request, std::span<Neighbor> out,
                         AnswerFunction answer) {
  const auto row_count = static_cast<uint32_t>(index.row_count());
  IOLITE_RETURN_IF_ERROR(
      CheckQuery(request.query, static_cast<size_t>(index.dimension()), index.element_type()));
  IOLITE_RETURN_IF_ERROR(CheckOut(request, row_count, out.size()));
  IOLITE_RETURN_IF_ERROR(context.Check());
  Survivors survivors(request, row_count);
  const size_t wanted = std::min<size_t>(request.k, survivors.count());
  if (wanted == 0) {
    if (request.stats != nullptr) *request.stats = NothingToFind(request);
    return size_t{0};
  }
  TopK top(out.first(wanted), request.distance_max);
  SearchRun run{context, request, survivors, top, wanted};
  IOLITE_RETURN_IF_ERROR(answer(run));
  if (request.stats != nullptr) *request.stats = std::move(run.stats);
  return top.Finish();
}

}  // namespace iolite::vector::internal
