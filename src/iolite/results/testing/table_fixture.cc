#include "iolite/results/testing/table_fixture.h"

#include <arrow/record_batch.h>

#include <vector>

namespace iolite::results::testing {
namespace {

Status CheckPart(const Snapshot::Part& part, int64_t& visible_count) {
  int64_t hidden = part.hidden ? static_cast<int64_t>(part.hidden->cardinality()) : 0;
  visible_count += part.segment->row_count() - hidden;
  IOLITE_ASSIGN_OR_RETURN(auto index, part.segment->index());
  if (!part.segment->index_warning().empty()) return Internal("{}", part.segment->index_warning());
  std::vector<float> vector(static_cast<size_t>(index->dimension()));
  IOLITE_RETURN_IF_ERROR(part.segment->ReadVector(0, vector));
  vector::Neighbor nearest;
  auto count = index->Search(RequestContext(), {.query = vector, .k = 1}, {&nearest, 1});
  if (!count.ok()) return count.status();
  return nearest.row == 0 ? Status::Ok() : Internal("row 0 is not nearest to itself");
}

}  // namespace

Materialization SampleMaterialization() {
  return {.source = "papers",
          .task = "embedding",
          .model_id = "org/model",
          .model_content_hash = "00ff",
          .precision = "f32",
          .key_column = "id",
          .text_columns = {"title", "abstract"},
          .metric = "cosine",
          .parameters_json = R"({"window":8192})",
          .inputs = {{.path = "/data/papers.parquet", .size_bytes = 12, .modified_us = 34}},
          .engine_version = "0.1.0"};
}

Result<VisibleRows> ReadVisible(ResultStore& results, const std::string& table) {
  IOLITE_ASSIGN_OR_RETURN(auto snapshot, results.Get(table));
  int64_t visible_count = 0;
  for (const auto& part : snapshot->parts) IOLITE_RETURN_IF_ERROR(CheckPart(part, visible_count));
  VisibleRows rows;
  int64_t seen_count = 0;
  IOLITE_RETURN_IF_ERROR(results.ForEachRow(RequestContext(), *snapshot,
                                            [&](std::string_view id, std::string_view hash) {
                                              rows.emplace(id, hash);
                                              ++seen_count;
                                            }));
  bool agree = visible_count == snapshot->row_count && seen_count == visible_count &&
               static_cast<int64_t>(rows.size()) == visible_count;
  if (agree) return rows;
  return Internal("{} rows by the parts, {} by the snapshot, {} read, {} ids", visible_count,
                  snapshot->row_count, seen_count, rows.size());
}

Status CommitRows(ResultStore& results, const std::string& table,
                  const segments::testing::SampleRows& rows, const std::vector<std::string>& gone,
                  int64_t part_row_count) {
  IOLITE_ASSIGN_OR_RETURN(auto run, results.StartRun(table, "definition"));
  auto batch = rows.row_count() > 0 ? rows.PartBatch() : nullptr;
  for (int64_t begin = 0; begin < rows.row_count(); begin += part_row_count) {
    IOLITE_RETURN_IF_ERROR(run->AppendPart(RequestContext(), *batch->Slice(begin, part_row_count)));
  }
  IOLITE_RETURN_IF_ERROR(run->Hide(gone));
  return run->Commit(RequestContext(), SampleMaterialization(), nullptr).status();
}

}  // namespace iolite::results::testing
