#include "iolite/search/internal/loaded_rows.h"

#include <arrow/array.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>

#include "iolite/columnar/arrow_status.h"
#include "iolite/search/internal/gather.h"
#include "iolite/search/internal/key_index.h"
#include "iolite/search/internal/text_column.h"

namespace iolite::search::internal {

struct LoadedRows::Loaded {
  std::shared_ptr<arrow::RecordBatch> rows;
  KeyIndex keys;
};

Result<RowCache::Piece> LoadedRows::Load(const RequestContext& context) {
  const Relation& relation = scan_.relation();
  IOLITE_ASSIGN_OR_RETURN(
      const std::shared_ptr<arrow::Table> table,
      sessions_->QueryTable(
          context, fmt::format("SELECT {}, * FROM {}", relation.KeyText(), relation.from)));
  KeyIndex::Builder keys(table->num_rows());
  IOLITE_RETURN_IF_ERROR(ForEachText(*table->column(0), [&](std::optional<std::string_view> key) {
    keys.Add(key);
    return Status::Ok();
  }));
  IOLITE_ASSIGN_OR_RETURN_ARROW(const std::shared_ptr<arrow::Table> columns,
                                table->RemoveColumn(0));
  IOLITE_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::RecordBatch> rows,
                                columns->CombineChunksToBatch());
  auto loaded = std::make_shared<Loaded>(Loaded{std::move(rows), keys.Finish()});
  const int64_t bytes = arrow::util::TotalBufferSize(*loaded->rows) + loaded->keys.memory_bytes();
  return RowCache::Piece{std::move(loaded), bytes};
}

Result<std::shared_ptr<arrow::Schema>> LoadedRows::Schema(const RequestContext& context) {
  const RowCache::Key key{version()};
  if (!cache_->Has(key)) return scan_.Schema(context);
  IOLITE_ASSIGN_OR_RETURN(const auto loaded,
                          cache_->Get<Loaded>(key, [&] { return Load(context); }));
  return loaded->rows->schema();
}

Result<FetchedRows> LoadedRows::Fetch(const RequestContext& context,
                                      std::span<const std::string_view> row_ids,
                                      const std::vector<std::string>& columns) {
  if (too_large_ || fetch_count_.fetch_add(1) == 0) return scan_.Fetch(context, row_ids, columns);
  const RowCache::Key key{version()};
  IOLITE_ASSIGN_OR_RETURN(const auto loaded,
                          cache_->Get<Loaded>(key, [&] { return Load(context); }));
  if (!cache_->Has(key)) too_large_ = true;
  const arrow::RecordBatch& rows = *loaded->rows;
  IOLITE_ASSIGN_OR_RETURN(const std::vector<int> wanted,
                          SelectColumns(*rows.schema(), columns, scan_.relation().name));
  FetchedRows fetched;
  std::vector<int64_t> places;
  for (const std::string_view id : row_ids) {
    places.push_back(loaded->keys.Find(id).value_or(-1));
    if (places.back() < 0) ++fetched.missing_count;
  }
  std::vector<std::shared_ptr<arrow::Field>> fields;
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (const int column : wanted) {
    const std::shared_ptr<arrow::Array> source = rows.column(column);
    std::vector<ValueAt> values;
    for (const int64_t place : places) {
      values.push_back(place < 0 ? ValueAt{} : ValueAt{source.get(), place});
    }
    IOLITE_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> array, Gather(source->type(), values));
    fields.push_back(rows.schema()->field(column));
    arrays.push_back(std::move(array));
  }
  fetched.table =
      arrow::Table::Make(arrow::schema(fields), arrays, static_cast<int64_t>(row_ids.size()));
  fetched.way = "from cache";
  return fetched;
}

}  // namespace iolite::search::internal
