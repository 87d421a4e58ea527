#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/progress.h"
#include "iolite/base/random.h"
#include "iolite/base/status.h"
#include "iolite/segments/segment.h"

namespace iolite::results {

/// What made a result table: `T.materialization.json`.
struct Materialization {
  struct Input {
    std::string path;
    int64_t size_bytes = 0;
    int64_t modified_us = 0;
    std::string etag;
  };
  std::string table;
  std::string source;
  std::string task;  ///< embedding, import
  std::string model_id;
  std::string model_content_hash;
  std::string precision;
  std::string key_column;
  std::vector<std::string> text_columns;
  std::string metric;
  int32_t dimension = 0;
  std::string parameters_json;
  std::string definition_hash;
  std::vector<Input> inputs;
  std::string engine_version;
  std::vector<segments::SegmentManifest::File> rows_files;
  int64_t created_us = 0;
};

/// One version of a result table: immutable, shared, safe to search while a run writes the next
/// one.
struct Snapshot {
  struct Part {
    std::shared_ptr<const segments::Segment> segment;
    std::shared_ptr<const columnar::RowSet> hidden;  ///< null when no row is
  };
  int64_t version = 0;
  std::vector<Part> parts;
  Materialization materialization;
  int64_t row_count = 0;  ///< rows that are not hidden
};

/// The rows of one run on their way into a table. What AppendPart acknowledged is found again after
/// a crash; nothing is visible to readers before Commit.
///
/// Threads: one.
class ResultRun {
 public:
  virtual ~ResultRun() = default;
  virtual const std::string& table() const = 0;
  /// Keys and content hashes of the parts that an interrupted run left, which this one continues.
  virtual Status ForEachRecovered(
      const std::function<void(std::string_view row_id, std::string_view content_hash)>& visit) = 0;
  /// Durable on return. Columns: _row_id, _content_hash, vector.
  /// kInvalidArgument when they are not so, or of another dimension than those before.
  virtual Status AppendPart(const RequestContext& context, const arrow::RecordBatch& rows) = 0;
  /// Rows of earlier segments and recovered parts that shall no longer be seen, because they are
  /// gone. A row that is appended again replaces the earlier one without being asked.
  virtual Status Hide(std::span<const std::string> row_ids) = 0;
  /// Makes segments of the parts, builds their index, and replaces the manifest last. Fills table,
  /// dimension, definition, rows files and time of `materialization`. After an error all parts are
  /// still there. kAborted when somebody else changed the table meanwhile.
  virtual Result<std::shared_ptr<const Snapshot>> Commit(const RequestContext& context,
                                                         Materialization materialization,
                                                         const ProgressFunction& progress) = 0;
  /// Removes the parts.
  virtual Status Discard() = 0;
};

struct ResultStoreOptions {
  storage::ObjectStore* store = nullptr;  ///< rooted at the database; tables live under results/
  Executor* executor = nullptr;
  Budget* budget = &Budget::Unlimited();
  Clock* clock = &Clock::System();
  Random* random = &Random::System();
  /// How indexes of new segments are built; metric and dimension come from the run.
  segments::SegmentBuildOptions index;
  int64_t segment_row_count_max = 1'000'000;
  bool read_only = false;
};

struct VerifyFinding {
  std::string file;
  std::string problem;
  bool fatal = false;  ///< rows are damaged; otherwise `repair` rebuilds it
};

/// The result tables of a database.
///
/// Threads: any number; one run per table.
class ResultStore {
 public:
  static Result<std::unique_ptr<ResultStore>> Open(const ResultStoreOptions& options);
  virtual ~ResultStore() = default;

  /// `<source>__<task>__<model>__<UTC time>_<8 hex>`, with characters that do not fit a file name
  /// replaced.
  virtual std::string MakeName(std::string_view source, std::string_view task,
                               std::string_view model_id) = 0;
  /// The newest version; snapshots stay open between calls. kNotFound; kDataLoss names a damaged
  /// file.
  virtual Result<std::shared_ptr<const Snapshot>> Get(std::string_view table) = 0;
  /// Visits the rows of a version that are not hidden: a scan of two columns.
  virtual Status ForEachRow(
      const RequestContext& context, const Snapshot& snapshot,
      const std::function<void(std::string_view row_id, std::string_view content_hash)>& visit) = 0;
  /// kInvalidArgument when the kind of index that is set does not take such vectors: to be asked
  /// before any are computed.
  virtual Status CheckIndex(vector::Metric metric, int32_t dimension) = 0;
  /// Begins a run that adds to `table`, new or not, and takes over what a killed run of the same
  /// definition left. kFailedPrecondition while another run or a repair of the table goes on.
  virtual Result<std::unique_ptr<ResultRun>> StartRun(std::string_view table,
                                                      std::string_view definition_hash) = 0;
  /// The table of an uncommitted run with this definition, which StartRun would continue.
  virtual Result<std::optional<std::string>> FindRun(std::string_view definition_hash) = 0;
  /// Tables that have a version, in order of name.
  virtual Result<std::vector<std::string>> List() = 0;
  /// Removes the table and what an interrupted run left of it. Snapshots that somebody holds stay
  /// readable as far as they were opened.
  virtual Status Drop(std::string_view table) = 0;
  virtual Result<std::vector<VerifyFinding>> Verify(const RequestContext& context,
                                                    std::string_view table) = 0;
  /// Rebuilds what can be made anew from the rows. kDataLoss names what cannot.
  virtual Status Repair(const RequestContext& context, std::string_view table) = 0;
  /// SELECT over the visible rows, for SQL's table resolver. Costs nothing where nothing is hidden.
  virtual Result<std::string> SelectStatement(std::string_view table) = 0;
};

}  // namespace iolite::results
