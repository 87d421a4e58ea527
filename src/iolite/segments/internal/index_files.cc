#include "iolite/segments/internal/index_files.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <utility>

#include "iolite/columnar/arrow_status.h"
#include "iolite/segments/internal/manifest_file.h"
#include "iolite/segments/row_map.h"
#include "iolite/segments/rows_file.h"
#include "iolite/vector/index_factory.h"

namespace iolite::segments {
namespace {

constexpr size_t kFlushBytes = 1 << 20;

vector::IndexBuildOptions IndexOptions(const SegmentBuildOptions& build) {
  return {.metric = build.metric,
          .element_type = build.element_type,
          .dimension = build.dimension,
          .row_count_expected = build.row_count_expected,
          .connectivity = build.connectivity,
          .expansion_add = build.expansion_add,
          .progress = build.progress};
}

// Kinds with the element types that have the metric: `qg f32, bf16; flat f32`.
std::string Alternatives(const SegmentBuildOptions& build) {
  std::string alternatives;
  for (const auto& kind : vector::IndexKinds()) {
    std::string types;
    for (size_t type = 0; type < vector::kElementTypeCount; ++type) {
      vector::IndexBuildOptions options = IndexOptions(build);
      options.connectivity = options.expansion_add = 0;
      options.element_type = static_cast<vector::ElementType>(type);
      if (!vector::MakeIndexBuilder(kind.name, options).ok()) continue;
      types += fmt::format("{}{}", types.empty() ? " " : ", ",
                           vector::ElementTypeName(options.element_type));
    }
    if (types.empty()) continue;
    alternatives += fmt::format("{}{}{}", alternatives.empty() ? "" : "; ", kind.name, types);
  }
  return alternatives.empty() ? "none" : alternatives;
}

}  // namespace

Status CheckBuildOptions(const SegmentBuildOptions& build) {
  if (!build.build_index) return Status::Ok();
  auto builder = vector::MakeIndexBuilder(build.index_kind, IndexOptions(build));
  if (builder.ok()) return Status::Ok();
  if (builder.status().code() != StatusCode::kInvalidArgument) return builder.status();
  return Status(builder.status().code(),
                fmt::format("{}. The settings index.kind, index.element_type, index.connectivity "
                            "and index.expansion_add say which index is built. The metric {} is "
                            "had by {}",
                            builder.status().message(), vector::MetricName(build.metric),
                            Alternatives(build)));
}

Result<std::unique_ptr<IndexFilesWriter>> IndexFilesWriter::Open(const SegmentOptions& options,
                                                                 std::string_view stem,
                                                                 const SegmentBuildOptions& build) {
  std::unique_ptr<IndexFilesWriter> writer(new IndexFilesWriter(options, stem, build));
  IOLITE_ASSIGN_OR_RETURN(writer->row_map_,
                          ObjectOutputStream::Open(*options.store, RowMapPath(stem)));
  AppendRowMapHeader(writer->row_map_bytes_);
  if (!build.build_index) return writer;
  vector::IndexBuildOptions index_options = IndexOptions(build);
  index_options.executor = options.executor;
  index_options.budget = options.budget;
  IOLITE_ASSIGN_OR_RETURN(writer->index_,
                          vector::MakeIndexBuilder(build.index_kind, index_options));
  return writer;
}

Status IndexFilesWriter::Add(const RequestContext& context, const arrow::RecordBatch& batch) {
  auto row_ids = batch.GetColumnByName("_row_id");
  if (!row_ids) return InvalidArgument("the rows of {} have no column _row_id", stem_);
  IOLITE_RETURN_IF_ERROR(AddRowIds(*row_ids));
  if (build_.dimension > 0) {
    auto column = batch.GetColumnByName("vector");
    if (!column) return InvalidArgument("the rows of {} have no column vector", stem_);
    IOLITE_ASSIGN_OR_RETURN(const float* values, VectorValues(*column, build_.dimension));
    size_t row_count = static_cast<size_t>(batch.num_rows());
    if (index_) {
      IOLITE_RETURN_IF_ERROR(
          index_->Add(context, {values, row_count * build_.dimension}, row_count));
    }
  }
  row_count_ += batch.num_rows();
  return Status::Ok();
}

Status IndexFilesWriter::AddRowIds(const arrow::Array& row_ids) {
  if (row_ids.type_id() != arrow::Type::STRING || row_ids.null_count() > 0) {
    return InvalidArgument("_row_id of {} must be strings without nulls", stem_);
  }
  const auto& strings = static_cast<const arrow::StringArray&>(row_ids);
  for (int64_t row = 0; row < strings.length(); ++row) {
    AppendRowMapEntry(row_map_bytes_, strings.GetView(row));
    if (row_map_bytes_.size() >= kFlushBytes) IOLITE_RETURN_IF_ERROR(FlushRowMap());
  }
  return Status::Ok();
}

Status IndexFilesWriter::FlushRowMap() {
  IOLITE_RETURN_IF_ARROW_ERROR(
      row_map_->Write(row_map_bytes_.data(), static_cast<int64_t>(row_map_bytes_.size())));
  row_map_bytes_.clear();
  return Status::Ok();
}

Status IndexFilesWriter::Seal(const RequestContext& context, SegmentManifest& manifest) {
  if (index_) IOLITE_RETURN_IF_ERROR(SealIndex(context, manifest));
  IOLITE_RETURN_IF_ERROR(FlushRowMap());
  IOLITE_ASSIGN_OR_RETURN(auto sealed, row_map_->Seal());
  manifest.files.push_back({.path = RowMapPath(stem_),
                            .size_bytes = sealed.size_bytes,
                            .sha256 = std::move(sealed.sha256)});
  return Status::Ok();
}

Status IndexFilesWriter::SealIndex(const RequestContext& context, SegmentManifest& manifest) {
  IOLITE_ASSIGN_OR_RETURN(auto kind, vector::FindIndexKind(build_.index_kind));
  IOLITE_ASSIGN_OR_RETURN(std::string path, IndexPath(stem_, kind.name));
  IOLITE_ASSIGN_OR_RETURN(auto stream, ObjectOutputStream::Open(*options_.store, path));
  IOLITE_RETURN_IF_ERROR(index_->Finish(context, [&](std::string_view bytes) -> Status {
    IOLITE_RETURN_IF_ARROW_ERROR(stream->Write(bytes.data(), static_cast<int64_t>(bytes.size())));
    return Status::Ok();
  }));
  index_.reset();
  IOLITE_ASSIGN_OR_RETURN(auto sealed, stream->Seal());
  manifest.index_kind = kind.name;
  manifest.index_version = kind.version;
  manifest.files.push_back({.path = std::move(path),
                            .size_bytes = sealed.size_bytes,
                            .sha256 = std::move(sealed.sha256)});
  return Status::Ok();
}

}  // namespace iolite::segments
