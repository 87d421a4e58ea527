#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/search/internal/nearest.h"
#include "iolite/search/search.h"

namespace iolite::search::internal {

/// The table that answers, as queries see it.
struct QuerySpace {
  const catalog::TableEntry* table = nullptr;
  const results::Snapshot* snapshot = nullptr;
  int32_t dimension = 0;
};

/// kInvalidArgument unless exactly one of text, vector and like_id is set, and it holds
/// something.
Status CheckQuery(const Query& query);

/// A vector as given, checked: its dimension, no NaN or infinity.
Result<QueryVector> FromGiven(const QuerySpace& space, const std::vector<float>& vector);
/// The stored vector of a row. kNotFound when the table has no such row.
Result<QueryVector> FromRow(const QuerySpace& space, std::string_view row_id);
/// Texts through the table's own model, together. Adds a step `embed` to context.trace, and a
/// warning when the model is not as it was.
Result<std::vector<QueryVector>> FromTexts(const RequestContext& context,
                                           const SearcherOptions& options, const QuerySpace& space,
                                           std::span<const std::string_view> texts,
                                           std::vector<std::string>* warnings);

/// All of `queries`, in their order.
Result<std::vector<QueryVector>> MakeQueryVectors(const RequestContext& context,
                                                  const SearcherOptions& options,
                                                  const QuerySpace& space,
                                                  std::span<const Query> queries,
                                                  std::vector<std::string>* warnings);

}  // namespace iolite::search::internal
