#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/executor.h"
#include "iolite/base/progress.h"
#include "iolite/base/status.h"
#include "iolite/columnar/row_set.h"
#include "iolite/storage/object_store.h"
#include "iolite/vector/index.h"

namespace iolite::segments {

/// What `<stem>.idx.manifest.json` says.
struct SegmentManifest {
  static constexpr int kFormatNewest = 1;

  struct File {
    std::string path;
    int64_t size_bytes = 0;
    std::string sha256;
  };
  int format = kFormatNewest;
  int64_t row_count = 0;
  int32_t dimension = 0;
  vector::Metric metric = vector::Metric::kCosine;
  /// `qg`, `usearch`, `flat`; empty when the segment has no index: search scans.
  std::string index_kind;
  std::string index_version;
  vector::ElementType element_type = vector::ElementType::kF32;
  std::vector<File> files;  ///< rows, index, rowmap
};

struct SegmentOptions {
  storage::ObjectStore* store = nullptr;
  Executor* executor = nullptr;
  Budget* budget = &Budget::Unlimited();
};

/// Some rows and what makes them fast: the set of objects that share a stem.
///
///     <stem>.parquet             the truth: _row_id, _source_id, _content_hash, vector and others
///     <stem>.idx.qg              an index over the vectors, or none: then search scans
///     <stem>.idx.rowmap          ordinal to row id
///     <stem>.idx.manifest.json   names, sizes and checksums of the above; written last
///     <stem>.hidden-<n>          rows replaced or deleted since; the newest n counts
///
/// Threads:  any number may read.
/// Lifetime: snapshots hold segments by shared_ptr.
/// Cost:     opening reads the manifest and maps the files.
class Segment {
 public:
  /// kNotFound when the manifest is missing, kUnimplemented when it is newer than this release,
  /// kDataLoss when the rows file is missing or has another size. A missing or damaged index is no
  /// error: see index_warning().
  static Result<std::shared_ptr<const Segment>> Open(const SegmentOptions& options,
                                                     std::string_view stem);
  virtual ~Segment() = default;

  virtual const SegmentManifest& manifest() const = 0;
  virtual const std::string& stem() const = 0;
  virtual int64_t row_count() const = 0;

  /// The index, or an exact flat one over the rows file when there is none that works. Opened once,
  /// at the first call. A file that turns out damaged while it is searched is replaced by the flat
  /// one inside, and the search answers by that.
  virtual Result<std::shared_ptr<const vector::VectorIndex>> index() const = 0;
  /// Why search scans instead of using the index; empty when all is well.
  virtual std::string index_warning() const = 0;

  /// The id of a row; the view lives as long as the segment.
  virtual Result<std::string_view> row_id(uint32_t ordinal) const = 0;
  /// The ordinal of an id, hidden or not. The first call builds a table of all ids (about 24 bytes
  /// a row).
  virtual Result<std::optional<uint32_t>> FindRow(std::string_view row_id) const = 0;
  /// FindRow for many: `ordinals[i]` becomes the ordinal of `row_ids[i]`, or kNoRow. Faster than
  /// one by one, because their cache misses overlap.
  static constexpr uint32_t kNoRow = UINT32_MAX;
  virtual Status FindRows(std::span<const std::string_view> row_ids,
                          std::span<uint32_t> ordinals) const = 0;
  /// The stored f32 vector of one row.
  virtual Status ReadVector(uint32_t ordinal, std::span<float> vector) const = 0;

  /// Rows replaced or deleted since the segment was sealed, as of a version of `.hidden-<n>`; 0 for
  /// none.
  virtual Result<std::shared_ptr<const columnar::RowSet>> Hidden(int64_t version) const = 0;

  /// Recomputes every checksum. kDataLoss names the file.
  virtual Status Verify(const RequestContext& context) const = 0;
};

/// One complete row set on its way into a segment.
struct SegmentBuildOptions {
  vector::Metric metric = vector::Metric::kCosine;
  vector::ElementType element_type = vector::ElementType::kF32;
  int32_t dimension = 0;
  bool build_index = true;
  std::string index_kind = "qg";   ///< of vector::IndexKinds()
  int32_t connectivity = 0;        ///< links of a vertex of a graph index; 0: the kind's own choice
  int32_t expansion_add = 0;       ///< candidates looked at for each row while a graph is built
  int64_t row_count_expected = 0;  ///< spares copying while the index grows; 0 when unknown
  ProgressFunction progress;       ///< of the index
};

/// kInvalidArgument when the kind does not have this metric, element type or shape: found without
/// rows, before anybody has computed some.
Status CheckBuildOptions(const SegmentBuildOptions& build);

/// Writes a segment once and seals it. Abandoning it leaves nothing that a reader would see.
///
/// Threads: one.
class SegmentBuilder {
 public:
  static Result<std::unique_ptr<SegmentBuilder>> Make(const SegmentOptions& options,
                                                      std::string_view stem,
                                                      const SegmentBuildOptions& build);
  virtual ~SegmentBuilder() = default;
  /// Rows with the result table's columns; `vector` a fixed-size list of float32.
  virtual Status Add(const RequestContext& context, const arrow::RecordBatch& rows) = 0;
  virtual Result<SegmentManifest> Seal(const RequestContext& context) = 0;
};

/// Builds index and row map of an existing rows file anew and replaces the manifest. `build` says
/// how; metric and dimension are those of the manifest where it is not lost, and so is the element
/// type of an index that stays of its kind.
Status RebuildIndex(const RequestContext& context, const SegmentOptions& options,
                    std::string_view stem, const SegmentBuildOptions& build);

/// One file of a segment that is not what the manifest says.
struct FileDamage {
  std::string path;
  std::string problem;  ///< `is missing`, `has 12 bytes, not 4,096`, `has another SHA-256 …`
  bool rows = false;    ///< the truth itself; anything else can be rebuilt
};

/// Recomputes every checksum of a segment. Nothing is returned for a sound one.
Result<std::vector<FileDamage>> CheckSegment(const RequestContext& context,
                                             const SegmentOptions& options, std::string_view stem);

/// The objects a segment of this stem may have, hidden rows apart; the manifest first, so that
/// deleting in this order never leaves a manifest whose files are gone.
std::vector<std::string> SegmentPaths(std::string_view stem);
/// `<stem>.hidden-<version>`.
std::string HiddenPath(std::string_view stem, int64_t version);

}  // namespace iolite::segments
