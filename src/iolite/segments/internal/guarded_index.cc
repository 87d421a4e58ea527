#include "iolite/segments/internal/guarded_index.h"

#include "iolite/base/log.h"

namespace iolite::segments {

std::string GuardedIndex::warning() const {
  std::lock_guard lock(mutex_);
  return warning_;
}

Result<const vector::VectorIndex*> GuardedIndex::InsteadOf(const Status& failed) const {
  if (failed.code() != StatusCode::kDataLoss) return failed;
  std::lock_guard lock(mutex_);
  if (!damaged_.load(std::memory_order_relaxed)) {
    IOLITE_ASSIGN_OR_RETURN(fallback_, make_fallback_());
    warning_ = fmt::format("{}: {}; search is exact and slower until the table is repaired", path_,
                           failed.message());
    LogWarning("{}", warning_);
    damaged_.store(true, std::memory_order_release);
  }
  return fallback_.get();
}

Result<size_t> GuardedIndex::Search(const RequestContext& context,
                                    const vector::VectorSearch& request,
                                    std::span<vector::Neighbor> out) const {
  const vector::VectorIndex& index = current();
  auto count = index.Search(context, request, out);
  if (count.ok() || &index != file_.get()) return count;
  IOLITE_ASSIGN_OR_RETURN(const auto* instead, InsteadOf(count.status()));
  return instead->Search(context, request, out);
}

Status GuardedIndex::SearchBatch(const RequestContext& context, Executor& executor,
                                 std::span<const float> queries,
                                 const vector::VectorSearch& request,
                                 std::span<vector::Neighbor> out, std::span<size_t> counts) const {
  const vector::VectorIndex& index = current();
  Status status = index.SearchBatch(context, executor, queries, request, out, counts);
  if (status.ok() || &index != file_.get()) return status;
  IOLITE_ASSIGN_OR_RETURN(const auto* instead, InsteadOf(status));
  return instead->SearchBatch(context, executor, queries, request, out, counts);
}

}  // namespace iolite::segments
