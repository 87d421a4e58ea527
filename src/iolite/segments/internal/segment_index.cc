#include "iolite/segments/internal/segment_index.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <utility>
#include <vector>

#include "iolite/base/log.h"
#include "iolite/segments/internal/manifest_file.h"
#include "iolite/segments/rows_file.h"
#include "iolite/vector/flat_index.h"
#include "iolite/vector/index_factory.h"

namespace iolite::segments {
namespace {

// The object behind `path` when it is there and as long as the manifest says.
Result<std::shared_ptr<const storage::MappedObject>> MapNamed(const SegmentOptions& options,
                                                              const SegmentManifest& manifest,
                                                              const std::string& path) {
  const auto* file = FindFile(manifest, path);
  if (!file) return DataLoss("{} is not in the manifest", path);
  auto object = options.store->Map(path);
  if (object.status().code() == StatusCode::kNotFound) return DataLoss("{} is missing", path);
  if (!object.ok()) return object.status();
  size_t size_bytes = (*object)->bytes().size();
  if (size_bytes == static_cast<size_t>(file->size_bytes)) return object;
  return DataLoss("{} is damaged: it has {} bytes, not {}", path, size_bytes, file->size_bytes);
}

Result<std::shared_ptr<const vector::VectorIndex>> OpenIndexFile(const SegmentOptions& options,
                                                                 std::string_view stem,
                                                                 const SegmentManifest& manifest) {
  IOLITE_ASSIGN_OR_RETURN(std::string path, IndexPath(stem, manifest.index_kind));
  IOLITE_ASSIGN_OR_RETURN(auto object, MapNamed(options, manifest, path));
  std::string_view bytes = object->bytes();
  vector::IndexOpenOptions open{.expect = {.metric = manifest.metric,
                                           .element_type = manifest.element_type,
                                           .dimension = manifest.dimension,
                                           .row_count = manifest.row_count},
                                .budget = options.budget,
                                .executor = options.executor,
                                .keep_alive = std::move(object)};
  auto index = vector::OpenIndexBytes(manifest.index_kind, bytes, std::move(open));
  if (!index.ok()) return index.status().WithContext(path);
  return std::shared_ptr<const vector::VectorIndex>(std::move(*index));
}

/// Decoded vectors and the memory drawn for them.
struct DecodedVectors {
  std::vector<float> values;
  Reservation memory;
};

Result<std::shared_ptr<DecodedVectors>> DecodeVectors(const SegmentOptions& options,
                                                      std::string_view stem,
                                                      const SegmentManifest& manifest) {
  auto decoded = std::make_shared<DecodedVectors>();
  int64_t count = manifest.row_count * manifest.dimension;
  IOLITE_ASSIGN_OR_RETURN(decoded->memory,
                          options.budget->Reserve(count * static_cast<int64_t>(sizeof(float))));
  decoded->values.reserve(static_cast<size_t>(count));
  std::string path = RowsPath(stem);
  IOLITE_RETURN_IF_ERROR(ReadRowsFile(
      RequestContext(), *options.store, {.path = path, .columns = {"vector"}},
      [&](const arrow::RecordBatch& batch) {
        IOLITE_ASSIGN_OR_RETURN(auto values, VectorValues(*batch.column(0), manifest.dimension));
        decoded->values.insert(decoded->values.end(), values,
                               values + batch.num_rows() * manifest.dimension);
        return Status::Ok();
      }));
  if (static_cast<int64_t>(decoded->values.size()) == count) return decoded;
  return DataLoss("the rows file {} is damaged: it has {} rows, not {}", path,
                  decoded->values.size() / manifest.dimension, manifest.row_count);
}

// Floats do not have the metrics of bits, so bits are made of them.
Result<std::shared_ptr<const vector::VectorIndex>> MakeBitsIndex(const SegmentOptions& options,
                                                                 const SegmentManifest& manifest,
                                                                 const DecodedVectors& decoded) {
  IOLITE_ASSIGN_OR_RETURN(
      auto builder, vector::MakeIndexBuilder("flat", {.metric = manifest.metric,
                                                      .element_type = vector::ElementType::kBits,
                                                      .dimension = manifest.dimension,
                                                      .row_count_expected = manifest.row_count,
                                                      .budget = options.budget}));
  IOLITE_RETURN_IF_ERROR(
      builder->Add(RequestContext(), decoded.values, static_cast<size_t>(manifest.row_count)));
  IOLITE_ASSIGN_OR_RETURN(auto file, builder->FinishInMemory(RequestContext()));
  auto bytes = std::make_shared<const std::string>(std::move(file));
  std::string_view view = *bytes;
  IOLITE_ASSIGN_OR_RETURN(
      auto index, vector::OpenIndexBytes(
                      "flat", view, {.budget = options.budget, .keep_alive = std::move(bytes)}));
  return std::shared_ptr<const vector::VectorIndex>(std::move(index));
}

Result<std::shared_ptr<const vector::VectorIndex>> MakeFlatIndex(const SegmentOptions& options,
                                                                 std::string_view stem,
                                                                 const SegmentManifest& manifest) {
  IOLITE_ASSIGN_OR_RETURN(auto decoded, DecodeVectors(options, stem, manifest));
  if (manifest.element_type == vector::ElementType::kBits) {
    return MakeBitsIndex(options, manifest, *decoded);
  }
  const float* values = decoded->values.data();
  IOLITE_ASSIGN_OR_RETURN(auto index,
                          vector::FlatIndex::Borrow(manifest.metric, manifest.dimension, values,
                                                    static_cast<size_t>(manifest.dimension),
                                                    manifest.row_count, std::move(decoded)));
  return std::shared_ptr<const vector::VectorIndex>(std::move(index));
}

// The index may outlive the segment, so what the fallback is made of is copied.
OpenedIndex Guarded(const SegmentOptions& options, std::string_view stem,
                    const SegmentManifest& manifest,
                    std::shared_ptr<const vector::VectorIndex> file) {
  auto make_fallback = [options, stem = std::string(stem), manifest] {
    return MakeFlatIndex(options, stem, manifest);
  };
  std::string path = IndexPath(stem, manifest.index_kind).value();
  auto guard = std::make_shared<const GuardedIndex>(std::move(path), std::move(file),
                                                    std::move(make_fallback));
  return {.index = guard, .guard = guard.get()};
}

bool IsDamage(const Status& status) {
  return status.code() == StatusCode::kDataLoss || status.code() == StatusCode::kUnimplemented ||
         status.code() == StatusCode::kInvalidArgument;
}

Result<std::unique_ptr<const RowMap>> RowMapOfRows(const SegmentOptions& options,
                                                   std::string_view stem,
                                                   const SegmentManifest& manifest) {
  auto bytes = std::make_shared<std::string>();
  AppendRowMapHeader(*bytes);
  std::string path = RowsPath(stem);
  IOLITE_RETURN_IF_ERROR(
      ReadRowsFile(RequestContext(), *options.store, {.path = path, .columns = {"_row_id"}},
                   [&](const arrow::RecordBatch& batch) {
                     const auto& row_ids = static_cast<const arrow::StringArray&>(*batch.column(0));
                     for (int64_t row = 0; row < row_ids.length(); ++row) {
                       AppendRowMapEntry(*bytes, row_ids.GetView(row));
                     }
                     return Status::Ok();
                   }));
  std::string_view view = *bytes;
  IOLITE_ASSIGN_OR_RETURN(auto map, RowMap::Make(view, std::move(bytes), manifest.row_count));
  return std::unique_ptr<const RowMap>(std::move(map));
}

Result<std::unique_ptr<const RowMap>> RowMapOfFile(const SegmentOptions& options,
                                                   std::string_view stem,
                                                   const SegmentManifest& manifest) {
  std::string path = RowMapPath(stem);
  IOLITE_ASSIGN_OR_RETURN(auto object, MapNamed(options, manifest, path));
  std::string_view bytes = object->bytes();
  auto map = RowMap::Make(bytes, std::move(object), manifest.row_count);
  if (!map.ok()) return map.status().WithContext(path);
  return std::unique_ptr<const RowMap>(std::move(*map));
}

}  // namespace

Result<OpenedIndex> OpenIndex(const SegmentOptions& options, std::string_view stem,
                              const SegmentManifest& manifest) {
  OpenedIndex opened;
  if (!manifest.index_kind.empty()) {
    auto index = OpenIndexFile(options, stem, manifest);
    if (index.ok()) return Guarded(options, stem, manifest, std::move(*index));
    if (!IsDamage(index.status())) return index.status();
    opened.problem = fmt::format("{}; search is exact and slower until the table is repaired",
                                 index.status().message());
    LogWarning("{}", opened.problem);
  }
  IOLITE_ASSIGN_OR_RETURN(opened.index, MakeFlatIndex(options, stem, manifest));
  return opened;
}

Result<OpenedRowMap> OpenRowMap(const SegmentOptions& options, std::string_view stem,
                                const SegmentManifest& manifest) {
  auto map = RowMapOfFile(options, stem, manifest);
  if (map.ok()) return OpenedRowMap{.map = std::move(*map)};
  if (!IsDamage(map.status())) return map.status();
  OpenedRowMap opened{
      .warning = fmt::format("{}; ids are read from the rows file until the table is repaired",
                             map.status().message())};
  LogWarning("{}", opened.warning);
  IOLITE_ASSIGN_OR_RETURN(opened.map, RowMapOfRows(options, stem, manifest));
  return opened;
}

}  // namespace iolite::segments
