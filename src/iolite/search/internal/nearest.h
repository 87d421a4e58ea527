#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/executor.h"
#include "iolite/results/result_table.h"
#include "iolite/search/internal/source_rows.h"

namespace iolite::search::internal {

/// A row of one part of a snapshot.
struct RowPlace {
  uint32_t part = 0;
  uint32_t row = 0;
  bool operator==(const RowPlace&) const = default;
};

struct NearestRequest {
  std::span<const float> query;
  size_t k = 10;
  size_t ef = 0;
  float target_recall = 0;
  bool exact = false;
  const FilterRows* filter = nullptr;  ///< null: every row
  std::optional<RowPlace> without;     ///< the row that a search by example starts from
};

struct FoundRow {
  RowPlace place;
  float distance = 0;
  std::string id;
};

/// The rows of all parts that lie nearest, by distance and then by id; the choice among rows that
/// are as far as the k-th is by id too. Parts are searched on `executor`, or in turn where it is
/// null.
///
/// Adds a step `index` for each part to context.trace.
Result<std::vector<FoundRow>> FindNearest(const RequestContext& context,
                                          const results::Snapshot& snapshot,
                                          const NearestRequest& request, Executor* executor);

/// A query as the index takes it: a view of the caller's vector, or of its own. To be moved, not
/// copied.
struct QueryVector {
  std::span<const float> values;
  std::vector<float> own;
  std::optional<RowPlace> without;  ///< the row it was taken from
};

/// FindNearest for many queries, whose `settings` have neither query nor row of their own: indexes
/// see them together, and an exact one compares each row with several at once. In this thread.
Result<std::vector<std::vector<FoundRow>>> FindNearestBatch(const RequestContext& context,
                                                            const results::Snapshot& snapshot,
                                                            const NearestRequest& settings,
                                                            std::span<const QueryVector> queries);

/// Where a visible row with this id stands; nothing when no part has it.
Result<std::optional<RowPlace>> FindVisible(const results::Snapshot& snapshot,
                                            std::string_view row_id);

}  // namespace iolite::search::internal
