#include "iolite/vector/flat/batch.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "iolite/vector/flat/search.h"
#include "iolite/vector/internal/proposals.h"
#include "iolite/vector/internal/query.h"
#include "iolite/vector/internal/shortlist.h"

namespace iolite::vector::flat {
namespace {

using internal::Survivors;
using internal::TopK;

// Queries that read codes together: their tables stay in the first-level cache.
constexpr size_t kTileQueries = 8;

size_t Wanted(const VectorSearch& request, const Survivors& survivors) {
  return std::min<size_t>(request.k, survivors.count());
}

internal::Proposals FirstProposals(const VectorSearch& request, const Survivors& survivors) {
  return {Wanted(request, survivors), survivors.count(), request.ef};
}

// Some queries of a batch. A query of zeros has no codes to look up, and is answered alone.
Status SearchTile(const RequestContext& context, const File& file, std::span<const float> queries,
                  VectorSearch request, Survivors& survivors, std::span<Neighbor> out,
                  std::span<size_t> counts) {
  const size_t width = file.shape().dimension, kept = out.size() / counts.size();
  const size_t wanted = Wanted(request, survivors);
  std::vector<CodeQuery> prepared;
  std::vector<internal::Shortlist> shortlists;
  for (size_t q = 0; q < counts.size(); ++q) {
    const auto query = queries.subspan(q * width, width);
    IOLITE_RETURN_IF_ERROR(internal::CheckQuery(query, width, file.shape().element_type));
    IOLITE_ASSIGN_OR_RETURN(auto made, file.MakeQuery(query));
    prepared.push_back(std::move(made));
    shortlists.emplace_back(FirstProposals(request, survivors).count());
  }
  IOLITE_RETURN_IF_ERROR(file.scan().Propose(context, survivors, prepared, shortlists));
  for (size_t q = 0; q < counts.size(); ++q) {
    request.query = queries.subspan(q * width, width);
    TopK top(out.subspan(q * kept, wanted), request.distance_max);
    internal::SearchRun run{context, request, survivors, top, wanted};
    Search search(file, run);
    IOLITE_RETURN_IF_ERROR(prepared[q].zero ? search.Answer()
                                            : search.ByCodes(prepared[q], shortlists[q].Finish()));
    counts[q] = top.Finish();
  }
  return Status::Ok();
}

}  // namespace

bool ReadsTogether(const File& file, const VectorSearch& request, const Survivors& survivors) {
  return file.has_codes() && !request.exact && Wanted(request, survivors) > 0 &&
         FirstProposals(request, survivors).worthwhile();
}

Status SearchTogether(const RequestContext& context, Executor& executor, const File& file,
                      std::span<const float> queries, const VectorSearch& request,
                      Survivors& survivors, std::span<Neighbor> out, std::span<size_t> counts) {
  const size_t width = file.shape().dimension;
  const size_t kept = std::min<size_t>(request.k, file.shape().row_count);
  survivors.Words();  // makes them once, before threads ask
  const size_t tiles = (counts.size() + kTileQueries - 1) / kTileQueries;
  return executor.ParallelFor(context, tiles, [&](size_t tile) {
    const size_t first = tile * kTileQueries;
    const size_t count = std::min(kTileQueries, counts.size() - first);
    VectorSearch one = request;
    one.stats = nullptr;
    return SearchTile(context, file, queries.subspan(first * width, count * width), one, survivors,
                      out.subspan(first * kept, count * kept), counts.subspan(first, count));
  });
}

}  // namespace iolite::vector::flat
