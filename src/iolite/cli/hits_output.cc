#include "iolite/cli/hits_output.h"

#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <fmt/format.h>

#include "iolite/cli/rows_output.h"
#include "iolite/columnar/arrow_status.h"
#include "iolite/columnar/c_data.h"
#include "iolite/search/hits.h"

namespace iolite::cli {
namespace {

Result<std::shared_ptr<arrow::RecordBatch>> OneBatch(const std::shared_ptr<arrow::Table>& table) {
  if (table == nullptr) return std::shared_ptr<arrow::RecordBatch>();
  IOLITE_ASSIGN_OR_RETURN_ARROW(auto batch, table->CombineChunksToBatch());
  return batch;
}

Status PrintJsonHits(const Console& console, SearchResult result, const std::string* query_id) {
  IOLITE_ASSIGN_OR_RETURN(auto table, ReadAll(std::move(result.rows)));
  IOLITE_ASSIGN_OR_RETURN(auto rows, OneBatch(table));
  for (size_t i = 0; i < result.hits.size(); ++i) {
    std::string line;
    search::AppendHitJson(result.hits[i], rows.get(), static_cast<int64_t>(i), line, query_id);
    console.Print(line);
  }
  return Status::Ok();
}

// Columns that say which hit of which query a row is.
struct HitColumns {
  arrow::StringBuilder query_id;
  arrow::Int64Builder rank;
  arrow::StringBuilder id;
  arrow::DoubleBuilder score;
  arrow::DoubleBuilder distance;

  Status Append(const SearchHit& hit, int64_t at, const std::string& query) {
    IOLITE_RETURN_IF_ARROW_ERROR(query_id.Append(query));
    IOLITE_RETURN_IF_ARROW_ERROR(rank.Append(at));
    IOLITE_RETURN_IF_ARROW_ERROR(id.Append(hit.id));
    IOLITE_RETURN_IF_ARROW_ERROR(score.Append(hit.score));
    IOLITE_RETURN_IF_ARROW_ERROR(distance.Append(hit.distance));
    return Status::Ok();
  }
};

Result<std::shared_ptr<arrow::Table>> MakeTable(HitColumns& columns, bool of_batch) {
  std::vector<std::shared_ptr<arrow::Field>> fields;
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  auto add = [&](const char* name, arrow::ArrayBuilder& builder) -> Status {
    IOLITE_ASSIGN_OR_RETURN_ARROW(auto array, builder.Finish());
    fields.push_back(arrow::field(name, array->type()));
    arrays.push_back(std::move(array));
    return Status::Ok();
  };
  if (of_batch) {
    IOLITE_RETURN_IF_ERROR(add("query_id", columns.query_id));
    IOLITE_RETURN_IF_ERROR(add("rank", columns.rank));
  }
  IOLITE_RETURN_IF_ERROR(add("id", columns.id));
  IOLITE_RETURN_IF_ERROR(add("score", columns.score));
  IOLITE_RETURN_IF_ERROR(add("distance", columns.distance));
  return arrow::Table::Make(arrow::schema(fields), arrays);
}

Status PrintTableOfHits(const Console& console, const std::shared_ptr<arrow::Table>& table) {
  ArrowStream stream;
  IOLITE_RETURN_IF_ERROR(columnar::ExportTable(table, stream.get()));
  return PrintRows(console, std::move(stream));
}

// The source's columns beside ours; a name that both have keeps both columns.
Result<std::shared_ptr<arrow::Table>> Beside(std::shared_ptr<arrow::Table> hits,
                                             const std::shared_ptr<arrow::Table>& rows,
                                             bool for_people) {
  if (rows == nullptr) return hits;
  for (int i = 0; i < rows->num_columns(); ++i) {
    auto field = rows->schema()->field(i);
    int same = hits->schema()->GetFieldIndex(field->name());
    // A person who sees the key once need not see it twice.
    if (same >= 0 && for_people && field->name() == "id") continue;
    if (same >= 0) field = field->WithName("row_" + field->name());
    IOLITE_ASSIGN_OR_RETURN_ARROW(hits,
                                  hits->AddColumn(hits->num_columns(), field, rows->column(i)));
  }
  return hits;
}

// What a person wants to see of a hit: how good it is, to four digits, and which row it is.
Result<std::shared_ptr<arrow::Table>> ForPeople(const std::vector<SearchHit>& hits) {
  arrow::StringBuilder scores, ids;
  for (const auto& hit : hits) {
    IOLITE_RETURN_IF_ARROW_ERROR(scores.Append(fmt::format("{:.4f}", hit.score)));
    IOLITE_RETURN_IF_ARROW_ERROR(ids.Append(hit.id));
  }
  IOLITE_ASSIGN_OR_RETURN_ARROW(auto score_column, scores.Finish());
  IOLITE_ASSIGN_OR_RETURN_ARROW(auto id_column, ids.Finish());
  auto schema =
      arrow::schema({arrow::field("score", arrow::utf8()), arrow::field("id", arrow::utf8())});
  return arrow::Table::Make(schema, {score_column, id_column});
}

}  // namespace

Status PrintHits(const Console& console, SearchResult result) {
  if (console.json()) return PrintJsonHits(console, std::move(result), nullptr);
  HitColumns columns;
  for (size_t i = 0; i < result.hits.size(); ++i) {
    IOLITE_RETURN_IF_ERROR(columns.Append(result.hits[i], static_cast<int64_t>(i) + 1, ""));
  }
  IOLITE_ASSIGN_OR_RETURN(auto table, MakeTable(columns, false));
  bool for_people = console.format() == Format::kTable;
  if (for_people) {
    IOLITE_ASSIGN_OR_RETURN(table, ForPeople(result.hits));
  }
  IOLITE_ASSIGN_OR_RETURN(auto rows, ReadAll(std::move(result.rows)));
  IOLITE_ASSIGN_OR_RETURN(table, Beside(std::move(table), rows, for_people));
  return PrintTableOfHits(console, table);
}

Status PrintBatch(const Console& console, const std::vector<std::string>& query_ids,
                  std::vector<SearchResult> results) {
  if (console.json()) {
    for (size_t i = 0; i < results.size(); ++i) {
      IOLITE_RETURN_IF_ERROR(PrintJsonHits(console, std::move(results[i]), &query_ids[i]));
    }
    return Status::Ok();
  }
  HitColumns columns;
  std::vector<std::shared_ptr<arrow::Table>> rows;
  for (size_t i = 0; i < results.size(); ++i) {
    for (size_t at = 0; at < results[i].hits.size(); ++at) {
      IOLITE_RETURN_IF_ERROR(
          columns.Append(results[i].hits[at], static_cast<int64_t>(at) + 1, query_ids[i]));
    }
    IOLITE_ASSIGN_OR_RETURN(auto table, ReadAll(std::move(results[i].rows)));
    if (table != nullptr) rows.push_back(std::move(table));
  }
  IOLITE_ASSIGN_OR_RETURN(auto table, MakeTable(columns, true));
  if (!rows.empty()) {
    IOLITE_ASSIGN_OR_RETURN_ARROW(auto all, arrow::ConcatenateTables(rows));
    IOLITE_ASSIGN_OR_RETURN(table, Beside(std::move(table), all, false));
  }
  return PrintTableOfHits(console, table);
}

void PrintExplanation(const SearchResult& result) {
  std::string text = fmt::format("answered by {}\n", result.table);
  for (const auto& step : result.steps) {
    text += fmt::format("  {:<9} {:>9.3f} ms  {}\n", step.name, step.duration_ms, step.detail);
  }
  std::fputs(text.c_str(), stderr);
}

}  // namespace iolite::cli
