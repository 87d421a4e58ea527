#include "iolite/search/internal/query_vector.h"

#include <cmath>

namespace iolite::search::internal {

Status CheckQuery(const Query& query) {
  const int set =
      int{query.text.has_value()} + int{query.vector.has_value()} + int{query.like_id.has_value()};
  if (set != 1) {
    return InvalidArgument(
        "A search takes one of a text, a vector and the id of a row to be like; {} are given.",
        set);
  }
  if (query.text && query.text->find_first_not_of(" \t\r\n") == std::string::npos) {
    return InvalidArgument("The text to search for is empty.");
  }
  return Status::Ok();
}

Result<QueryVector> FromGiven(const QuerySpace& space, const std::vector<float>& vector) {
  if (static_cast<int64_t>(vector.size()) != space.dimension) {
    const std::string made_by =
        space.table->model_id.empty() ? "" : fmt::format(", which {} made,", space.table->model_id);
    return InvalidArgument(
        "The query vector has {} numbers, but the vectors of {}{} have {} (see `iolite tables "
        "describe`). Give a "
        "vector of the same model.",
        vector.size(), space.table->name, made_by, space.dimension);
  }
  for (size_t i = 0; i < vector.size(); ++i) {
    if (!std::isfinite(vector[i])) {
      return InvalidArgument("Number {} of the query vector is {}; all must be finite.", i + 1,
                             std::isnan(vector[i]) ? "NaN" : "infinite");
    }
  }
  return QueryVector{.values = vector};
}

Result<QueryVector> FromRow(const QuerySpace& space, std::string_view row_id) {
  IOLITE_ASSIGN_OR_RETURN(const std::optional<RowPlace> place,
                          FindVisible(*space.snapshot, row_id));
  if (!place) {
    return NotFound(
        "{} has no row \"{}\" to be like. Ids are values of the column {} of {}; a row that is "
        "newer than the "
        "vectors has none before `iolite embed` runs again.",
        space.table->name, row_id,
        space.table->key_column.empty() ? "_row_id" : space.table->key_column, space.table->source);
  }
  QueryVector query{.own = std::vector<float>(static_cast<size_t>(space.dimension)),
                    .without = place};
  IOLITE_RETURN_IF_ERROR(
      space.snapshot->parts[place->part].segment->ReadVector(place->row, query.own));
  query.values = query.own;
  return query;
}

Result<std::vector<QueryVector>> FromTexts(const RequestContext& context,
                                           const SearcherOptions& options, const QuerySpace& space,
                                           std::span<const std::string_view> texts,
                                           std::vector<std::string>* warnings) {
  const std::string& model = space.table->model_id;
  if (model.empty()) {
    return FailedPrecondition(
        "The vectors of {} were imported without a model, so a text cannot become a vector like "
        "them. Search by "
        "vector or by example, or import them again with `--model`.",
        space.table->name);
  }
  if (!options.load_embedder) return Internal("The searcher was made without models.");
  TraceScope step(context.trace, "embed", *context.clock);
  IOLITE_ASSIGN_OR_RETURN(const auto embedder, options.load_embedder(context, model));
  const models::EmbedderInfo& info = embedder->info();
  if (info.dimension != space.dimension) {
    return FailedPrecondition(
        "The model {} makes vectors of {} numbers now, those of {} have {}: its files changed. Run "
        "`iolite embed` "
        "again, or bring the model back.",
        model, info.dimension, space.table->name, space.dimension);
  }
  const std::string& made_with = space.snapshot->materialization.model_content_hash;
  if (!made_with.empty() && made_with != info.content_hash) {
    warnings->push_back(
        fmt::format("The files of model {} changed since the vectors of {} were made; distances "
                    "may mean little. "
                    "Run `iolite embed` again.",
                    model, space.table->name));
  }
  const auto dimension = static_cast<size_t>(space.dimension);
  std::vector<float> values(texts.size() * dimension);
  IOLITE_RETURN_IF_ERROR(embedder->Embed(context, texts, models::TextRole::kQuery, values));
  std::vector<QueryVector> queries;
  queries.reserve(texts.size());
  for (auto at = values.begin(); at != values.end(); at += static_cast<ptrdiff_t>(dimension)) {
    QueryVector query{.own = std::vector<float>(at, at + static_cast<ptrdiff_t>(dimension))};
    query.values = query.own;
    queries.push_back(std::move(query));
  }
  if (step.enabled()) {
    step.set_detail(fmt::format("{}, {}, {} {}", model, info.precision, texts.size(),
                                texts.size() == 1 ? "text" : "texts"));
  }
  return queries;
}

Result<std::vector<QueryVector>> MakeQueryVectors(const RequestContext& context,
                                                  const SearcherOptions& options,
                                                  const QuerySpace& space,
                                                  std::span<const Query> queries,
                                                  std::vector<std::string>* warnings) {
  std::vector<QueryVector> vectors(queries.size());
  std::vector<std::string_view> texts;
  std::vector<size_t> text_of;
  for (size_t i = 0; i < queries.size(); ++i) {
    const Query& query = queries[i];
    if (query.text) {
      texts.push_back(*query.text);
      text_of.push_back(i);
    } else if (query.vector) {
      IOLITE_ASSIGN_OR_RETURN(vectors[i], FromGiven(space, *query.vector));
    } else {
      IOLITE_ASSIGN_OR_RETURN(vectors[i], FromRow(space, *query.like_id));
    }
  }
  if (texts.empty()) return vectors;
  IOLITE_ASSIGN_OR_RETURN(auto embedded, FromTexts(context, options, space, texts, warnings));
  for (size_t i = 0; i < texts.size(); ++i) vectors[text_of[i]] = std::move(embedded[i]);
  return vectors;
}

}  // namespace iolite::search::internal
