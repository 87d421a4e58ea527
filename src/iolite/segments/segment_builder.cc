#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <utility>

#include "iolite/segments/internal/index_files.h"
#include "iolite/segments/internal/manifest_file.h"
#include "iolite/segments/rows_file.h"
#include "iolite/segments/segment.h"

namespace iolite::segments {
namespace {

SegmentManifest NewManifest(const SegmentBuildOptions& build) {
  return {.dimension = build.dimension, .metric = build.metric, .element_type = build.element_type};
}

class StoredSegmentBuilder final : public SegmentBuilder {
 public:
  StoredSegmentBuilder(SegmentOptions options, std::string_view stem, SegmentBuildOptions build,
                       std::unique_ptr<IndexFilesWriter> index_files)
      : options_(options), stem_(stem), build_(build), index_files_(std::move(index_files)) {}

  Status Add(const RequestContext& context, const arrow::RecordBatch& rows) override {
    IOLITE_RETURN_IF_ERROR(context.Check());
    if (rows.num_rows() == 0) return Status::Ok();
    if (!rows_) {
      IOLITE_ASSIGN_OR_RETURN(rows_, OpenRows(rows));
    }
    if (!rows.schema()->Equals(*schema_, /*check_metadata=*/false)) {
      return InvalidArgument("the rows of {} must all have the columns {}", stem_,
                             schema_->ToString());
    }
    IOLITE_RETURN_IF_ERROR(index_files_->Add(context, rows));
    // Slicing gives an owned handle on the same memory.
    return rows_->Add(rows.Slice(0));
  }

  Result<SegmentManifest> Seal(const RequestContext& context) override {
    if (!rows_) return FailedPrecondition("the segment {} has no rows", stem_);
    SegmentManifest manifest = NewManifest(build_);
    manifest.row_count = rows_->row_count();
    IOLITE_ASSIGN_OR_RETURN(auto sealed, rows_->Seal());
    manifest.files.push_back({.path = RowsPath(stem_),
                              .size_bytes = sealed.size_bytes,
                              .sha256 = std::move(sealed.sha256)});
    IOLITE_RETURN_IF_ERROR(index_files_->Seal(context, manifest));
    auto put = options_.store->PutIfAbsent(ManifestPath(stem_), SerializeManifest(manifest));
    if (!put.ok()) return put.status();
    return manifest;
  }

 private:
  Result<std::unique_ptr<RowsFileWriter>> OpenRows(const arrow::RecordBatch& rows) {
    schema_ = rows.schema();
    return RowsFileWriter::Open(*options_.store, RowsPath(stem_), schema_);
  }

  const SegmentOptions options_;
  const std::string stem_;
  const SegmentBuildOptions build_;
  std::unique_ptr<IndexFilesWriter> index_files_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<RowsFileWriter> rows_;
};

// Rows file and settings of a segment whose derived files shall be made anew.
Result<SegmentManifest> ManifestForRebuild(const SegmentOptions& options, std::string_view stem,
                                           const SegmentBuildOptions& build,
                                           std::optional<storage::Etag>& etag) {
  std::string path = ManifestPath(stem);
  auto object = options.store->Get(path);
  if (object.ok()) {
    etag = object->etag;
    auto manifest = ParseManifest(object->bytes, path);
    if (manifest.status().code() == StatusCode::kUnimplemented) return manifest.status();
    if (manifest.ok() && FindFile(*manifest, RowsPath(stem))) return manifest;
  } else if (object.status().code() != StatusCode::kNotFound) {
    return object.status();
  }
  SegmentManifest manifest = NewManifest(build);
  IOLITE_ASSIGN_OR_RETURN(auto rows, options.store->Map(RowsPath(stem)));
  manifest.files.push_back({.path = RowsPath(stem),
                            .size_bytes = static_cast<int64_t>(rows->bytes().size()),
                            .sha256 = Sha256Hex(rows->bytes())});
  return manifest;
}

// Files that are made of the rows: of all kinds, and of a kind that only the manifest knows.
std::vector<std::string> DerivedPaths(const SegmentManifest& manifest, std::string_view stem) {
  std::vector<std::string> paths = IndexPaths(stem);
  paths.push_back(RowMapPath(stem));
  for (const auto& file : manifest.files) {
    bool known = file.path == RowsPath(stem) ||
                 std::find(paths.begin(), paths.end(), file.path) != paths.end();
    if (!known) paths.push_back(file.path);
  }
  return paths;
}

Status PutManifest(storage::ObjectStore& store, std::string_view stem,
                   const SegmentManifest& manifest, const std::optional<storage::Etag>& etag) {
  std::string path = ManifestPath(stem), json = SerializeManifest(manifest);
  auto put = etag ? store.PutIfMatch(path, json, *etag) : store.PutIfAbsent(path, json);
  return put.status();
}

}  // namespace

Result<std::unique_ptr<SegmentBuilder>> SegmentBuilder::Make(const SegmentOptions& options,
                                                             std::string_view stem,
                                                             const SegmentBuildOptions& build) {
  IOLITE_ASSIGN_OR_RETURN(auto index_files, IndexFilesWriter::Open(options, stem, build));
  return std::make_unique<StoredSegmentBuilder>(options, stem, build, std::move(index_files));
}

Status RebuildIndex(const RequestContext& context, const SegmentOptions& options,
                    std::string_view stem, const SegmentBuildOptions& build) {
  std::optional<storage::Etag> etag;
  IOLITE_ASSIGN_OR_RETURN(auto manifest, ManifestForRebuild(options, stem, build, etag));
  SegmentBuildOptions rebuild = build;
  rebuild.metric = manifest.metric;
  rebuild.dimension = manifest.dimension;
  rebuild.row_count_expected = manifest.row_count;
  // Another kind may not have the element type of the one before.
  if (manifest.index_kind == build.index_kind) rebuild.element_type = manifest.element_type;
  IOLITE_RETURN_IF_ERROR(CheckBuildOptions(rebuild));
  manifest.element_type = rebuild.element_type;
  manifest.index_kind.clear();
  manifest.index_version.clear();
  // Objects are written once, so the old ones go first. A crash from here on leaves a segment
  // without an index, which is searched by scanning and can be repaired again.
  const std::string rows_path = RowsPath(stem);
  for (const auto& path : DerivedPaths(manifest, stem)) {
    IOLITE_RETURN_IF_ERROR(options.store->Delete(path));
  }
  std::erase_if(manifest.files, [&](const auto& file) { return file.path != rows_path; });
  IOLITE_ASSIGN_OR_RETURN(auto writer, IndexFilesWriter::Open(options, stem, rebuild));
  int64_t row_count = 0;
  RowsFileRead read{.path = rows_path, .columns = {"_row_id"}};
  if (rebuild.dimension > 0) read.columns.push_back("vector");
  IOLITE_RETURN_IF_ERROR(
      ReadRowsFile(context, *options.store, read, [&](const arrow::RecordBatch& batch) {
        row_count += batch.num_rows();
        return writer->Add(context, batch);
      }));
  manifest.row_count = row_count;
  IOLITE_RETURN_IF_ERROR(writer->Seal(context, manifest));
  return PutManifest(*options.store, stem, manifest, etag);
}

}  // namespace iolite::segments
