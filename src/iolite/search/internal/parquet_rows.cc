#include "iolite/search/internal/parquet_rows.h"

#include <arrow/array.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <unordered_map>

#include "iolite/columnar/arrow_status.h"
#include "iolite/search/internal/gather.h"
#include "iolite/search/internal/text_column.h"
#include "iolite/sql/source.h"

namespace iolite::search::internal {
namespace {

constexpr uint32_t kNoPart = UINT32_MAX;

/// `keys` piece of the cache; columns use their own numbers.
constexpr int32_t kKeysPiece = -2;

/// Up to this many rows of a column of at least so many bytes are read alone the first time.
constexpr size_t kFewRows = 256;
constexpr int64_t kLargeColumnBytes = 256 << 10;

}  // namespace

ParquetRows::ParquetRows(SessionPool* sessions, RowCache* cache, catalog::SourceEntry source,
                         std::string_view key_column, uint64_t version)
    : sessions_(sessions),
      cache_(cache),
      source_(std::move(source)),
      scan_(sessions, FileRelation(source_, key_column), version) {}

Result<std::shared_ptr<const ParquetRows::Layout>> ParquetRows::GetLayout(
    const RequestContext& context) {
  const std::lock_guard lock(mutex_);
  if (layout_) return layout_;
  auto layout = std::make_shared<Layout>();
  IOLITE_ASSIGN_OR_RETURN(layout->schema, scan_.Schema(context));
  std::vector<std::string> paths;
  for (const catalog::FileAnchor& file : source_.files) paths.push_back(file.path);
  IOLITE_ASSIGN_OR_RETURN(layout->files, ParquetFiles::Open(paths));
  layout_ = std::move(layout);
  return layout_;
}

Result<std::shared_ptr<arrow::Schema>> ParquetRows::Schema(const RequestContext& context) {
  IOLITE_ASSIGN_OR_RETURN(const auto layout, GetLayout(context));
  return layout->schema;
}

Result<RowCache::Piece> ParquetRows::LoadKeys(const RequestContext& context, const Layout& layout) {
  // Without a sort: SQL keeps the order of files and rows, and the row numbers let us see that it
  // did.
  const std::string key_column = scan_.relation().key_column;
  const std::string positions = sql::SourcePositionSelect(source_, {&key_column, 1}, "");
  IOLITE_ASSIGN_OR_RETURN(
      const std::shared_ptr<arrow::Table> table,
      sessions_->QueryTable(context, fmt::format("SELECT {}, _file_row FROM ({})",
                                                 scan_.relation().KeyText(), positions)));
  if (table->num_rows() != layout.files->row_count()) {
    return Aborted("{} changed while it was read. Search again.", scan_.relation().name);
  }
  KeyIndex::Builder keys(table->num_rows());
  IOLITE_RETURN_IF_ERROR(ForEachText(*table->column(0), [&](std::optional<std::string_view> key) {
    keys.Add(key);
    return Status::Ok();
  }));
  int64_t position = 0;
  size_t file = 0;
  bool ordered = true;
  IOLITE_RETURN_IF_ERROR(ForEachInteger(*table->column(1), [&](int64_t row) {
    while (file + 1 < layout.files->file_count() && position >= layout.files->first_row(file + 1))
      ++file;
    ordered = ordered && row == position - layout.files->first_row(file);
    ++position;
  }));
  if (!ordered) return Internal("Rows of {} were not read in their order.", scan_.relation().name);
  auto index = std::make_shared<KeyIndex>(keys.Finish());
  const int64_t bytes = index->memory_bytes();
  return RowCache::Piece{std::move(index), bytes};
}

Result<std::shared_ptr<const KeyIndex>> ParquetRows::GetKeys(const RequestContext& context,
                                                             const Layout& layout) {
  return cache_->Get<KeyIndex>(RowCache::Key{version(), kKeysPiece, kKeysPiece, kKeysPiece},
                               [&] { return LoadKeys(context, layout); });
}

bool ParquetRows::MetBefore(const RowCache::Key& key) {
  const std::lock_guard lock(mutex_);
  return !met_.insert(key).second;
}

Status ParquetRows::ReadPart(const RequestContext& context, const Layout& layout, int column,
                             const ParquetPlace& place, Part& part, int64_t* decoded_count) {
  const arrow::Field& field = *layout.schema->field(column);
  const int64_t bytes = layout.files->column_bytes(place.file, place.row_group, field.name());
  if (bytes < 0 || bytes > cache_->bytes_max() / 4) {
    return Unimplemented("Column {} is not read by row group.", field.name());
  }
  const RowCache::Key key{version(), place.file, place.row_group, column};
  const bool few = part.rows.size() <= kFewRows && bytes >= kLargeColumnBytes;
  if (few && !cache_->Has(key) && !MetBefore(key)) {
    IOLITE_RETURN_IF_ERROR(context.Check());
    auto values = layout.files->ReadValues(place.file, place.row_group, field.name(), field.type(),
                                           part.rows);
    if (values.ok() || values.status().code() != StatusCode::kUnimplemented) {
      IOLITE_RETURN_IF_ERROR(values.status());
      ++*decoded_count;
      part.values = std::move(*values);
      part.whole = false;
      return Status::Ok();
    }
  }
  const auto load = [&]() -> Result<RowCache::Piece> {
    IOLITE_RETURN_IF_ERROR(context.Check());
    ++*decoded_count;
    IOLITE_ASSIGN_OR_RETURN(
        std::shared_ptr<arrow::Array> array,
        layout.files->ReadColumn(place.file, place.row_group, field.name(), field.type()));
    const int64_t array_bytes = arrow::util::TotalBufferSize(*array);
    return RowCache::Piece{std::move(array), array_bytes};
  };
  IOLITE_ASSIGN_OR_RETURN(part.values, cache_->Get<arrow::Array>(key, load));
  return Status::Ok();
}

Result<std::shared_ptr<arrow::Array>> ParquetRows::GatherColumn(const RequestContext& context,
                                                                const Layout& layout, int column,
                                                                std::span<const int64_t> positions,
                                                                int64_t* decoded_count) {
  std::map<std::pair<int32_t, int32_t>, Part> parts;
  const auto part_of = [&](const ParquetPlace& place) -> Part& {
    return parts[{place.file, place.row_group}];
  };
  for (const int64_t position : positions) {
    if (position < 0) continue;
    const ParquetPlace place = layout.files->Find(position);
    part_of(place).rows.push_back(place.row);
  }
  for (auto& [group, part] : parts) {
    std::ranges::sort(part.rows);
    part.rows.erase(std::unique(part.rows.begin(), part.rows.end()), part.rows.end());
    IOLITE_RETURN_IF_ERROR(
        ReadPart(context, layout, column, {group.first, group.second, 0}, part, decoded_count));
  }
  std::vector<ValueAt> values;
  values.reserve(positions.size());
  for (const int64_t position : positions) {
    if (position < 0) {
      values.emplace_back();
      continue;
    }
    const ParquetPlace place = layout.files->Find(position);
    const Part& part = part_of(place);
    const int64_t index =
        part.whole ? place.row : std::ranges::lower_bound(part.rows, place.row) - part.rows.begin();
    values.push_back({part.values.get(), index});
  }
  return Gather(layout.schema->field(column)->type(), values);
}

Result<FetchedRows> ParquetRows::Fetch(const RequestContext& context,
                                       std::span<const std::string_view> row_ids,
                                       const std::vector<std::string>& columns) {
  IOLITE_ASSIGN_OR_RETURN(const auto layout, GetLayout(context));
  IOLITE_ASSIGN_OR_RETURN(const std::vector<int> wanted,
                          SelectColumns(*layout->schema, columns, scan_.relation().name));
  IOLITE_ASSIGN_OR_RETURN(const auto keys, GetKeys(context, *layout));
  FetchedRows fetched;
  std::vector<int64_t> positions;
  positions.reserve(row_ids.size());
  for (const std::string_view id : row_ids) {
    positions.push_back(keys->Find(id).value_or(-1));
    if (positions.back() < 0) ++fetched.missing_count;
  }

  int64_t decoded_count = 0;
  std::vector<std::shared_ptr<arrow::Array>> arrays(wanted.size());
  std::vector<std::shared_ptr<arrow::Field>> fields;
  size_t left_count = 0;  // columns that only SQL can give
  for (size_t i = 0; i < wanted.size(); ++i) {
    fields.push_back(layout->schema->field(wanted[i]));
    auto array = GatherColumn(context, *layout, wanted[i], positions, &decoded_count);
    if (array.ok()) {
      arrays[i] = std::move(*array);
    } else if (array.status().code() == StatusCode::kUnimplemented) {
      ++left_count;
    } else {
      return array.status();
    }
  }
  fetched.way = decoded_count == 0 ? "from cache"
                                   : fmt::format("{} columns of row groups read", decoded_count);
  if (left_count > 0) {
    IOLITE_RETURN_IF_ERROR(ReadFromFiles(context, *layout, positions, wanted, arrays));
    fetched.way += fmt::format(", {} columns by a scan", left_count);
  }
  fetched.table =
      arrow::Table::Make(arrow::schema(fields), arrays, static_cast<int64_t>(row_ids.size()));
  return fetched;
}

Status ParquetRows::ReadFromFiles(const RequestContext& context, const Layout& layout,
                                  std::span<const int64_t> positions,
                                  const std::vector<int>& columns,
                                  std::vector<std::shared_ptr<arrow::Array>>& arrays) {
  std::vector<std::string> names;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!arrays[i]) names.push_back(layout.schema->field(columns[i])->name());
  }
  std::vector<sql::SourcePosition> wanted;
  for (const int64_t position : positions) {
    if (position < 0) continue;
    const int64_t file = layout.files->Find(position).file;
    wanted.push_back({file, position - layout.files->first_row(static_cast<size_t>(file))});
  }
  IOLITE_ASSIGN_OR_RETURN(
      const std::shared_ptr<arrow::Table> table,
      sessions_->QueryTable(context, sql::SourceFetchSelect(source_, names, wanted)));
  IOLITE_ASSIGN_OR_RETURN(const std::vector<int64_t> found, Positions(layout, *table));
  std::unordered_map<int64_t, int64_t> row_of;
  for (size_t row = 0; row < found.size(); ++row) row_of[found[row]] = static_cast<int64_t>(row);
  std::vector<int64_t> rows;
  for (const int64_t position : positions) {
    const auto row = row_of.find(position);
    rows.push_back(row == row_of.end() ? -1 : row->second);
  }
  for (size_t i = 0, next = 2; i < columns.size(); ++i) {
    if (arrays[i]) continue;
    IOLITE_ASSIGN_OR_RETURN(arrays[i], GatherRows(*table->column(static_cast<int>(next++)), rows));
  }
  return Status::Ok();
}

Result<std::vector<int64_t>> ParquetRows::Positions(const Layout& layout,
                                                    const arrow::Table& table) {
  std::vector<int64_t> positions;
  positions.reserve(static_cast<size_t>(table.num_rows()));
  IOLITE_RETURN_IF_ERROR(
      ForEachInteger(*table.column(1), [&](int64_t file_row) { positions.push_back(file_row); }));
  size_t row = 0;
  IOLITE_RETURN_IF_ERROR(ForEachInteger(*table.column(0), [&](int64_t file) {
    positions[row++] += layout.files->first_row(static_cast<size_t>(file));
  }));
  return positions;
}

Result<std::shared_ptr<const ParquetRows::Alignment>> ParquetRows::GetAlignment(
    const RequestContext& context, const Layout& layout, const results::Snapshot& snapshot) {
  const std::shared_ptr<const segments::Segment> first =
      snapshot.parts.empty() ? nullptr : snapshot.parts.front().segment;
  {
    const std::lock_guard lock(mutex_);
    if (alignment_ && alignment_->snapshot_version == snapshot.version &&
        alignment_->first_segment.lock() == first) {
      return alignment_;
    }
  }
  IOLITE_ASSIGN_OR_RETURN(const auto keys, GetKeys(context, layout));
  auto alignment = std::make_shared<Alignment>();
  alignment->first_segment = first;
  alignment->snapshot_version = snapshot.version;
  alignment->part_of.assign(static_cast<size_t>(keys->row_count()), kNoPart);
  alignment->row_of.resize(static_cast<size_t>(keys->row_count()));
  for (uint32_t part = 0; part < snapshot.parts.size(); ++part) {
    const results::Snapshot::Part& stored = snapshot.parts[part];
    for (uint32_t row = 0; row < stored.segment->row_count(); ++row) {
      if (row % 65536 == 0) IOLITE_RETURN_IF_ERROR(context.Check());
      if (stored.hidden && stored.hidden->Contains(row)) continue;
      IOLITE_ASSIGN_OR_RETURN(const std::string_view id, stored.segment->row_id(row));
      const std::optional<int64_t> position = keys->Find(id);
      if (!position) continue;
      alignment->part_of[static_cast<size_t>(*position)] = part;
      alignment->row_of[static_cast<size_t>(*position)] = row;
    }
  }
  const std::lock_guard lock(mutex_);
  alignment_ = std::move(alignment);
  return alignment_;
}

Result<FilterRows> ParquetRows::Filter(const RequestContext& context,
                                       const results::Snapshot& snapshot,
                                       std::string_view condition) {
  IOLITE_ASSIGN_OR_RETURN(const auto layout, GetLayout(context));
  const Result<std::shared_ptr<arrow::Table>> matches =
      sessions_->QueryTable(context, sql::SourcePositionSelect(source_, {}, condition));
  if (!matches.ok()) {
    return FilterError(context, *sessions_, scan_.relation(), condition, matches.status());
  }
  IOLITE_ASSIGN_OR_RETURN(const auto alignment, GetAlignment(context, *layout, snapshot));
  IOLITE_ASSIGN_OR_RETURN(const std::vector<int64_t> positions, Positions(*layout, **matches));
  FilterRowsBuilder rows(snapshot);
  for (const int64_t position : positions) {
    const auto at = static_cast<size_t>(position);
    if (at >= alignment->part_of.size()) {
      return Aborted("{} changed while it was read. Search again.", scan_.relation().name);
    }
    if (alignment->part_of[at] != kNoPart) rows.Add(alignment->part_of[at], alignment->row_of[at]);
  }
  return rows.Finish();
}

}  // namespace iolite::search::internal
