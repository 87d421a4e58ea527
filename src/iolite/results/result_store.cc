#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "iolite/base/log.h"
#include "iolite/results/internal/stored_run.h"
#include "iolite/results/internal/table_check.h"
#include "iolite/results/internal/table_files.h"
#include "iolite/results/internal/table_select.h"
#include "iolite/results/internal/table_storage.h"
#include "iolite/results/result_table.h"
#include "iolite/results/table_name.h"
#include "iolite/segments/rows_file.h"

namespace iolite::results {
namespace {

constexpr int kLoadAttempts = 5;

/// The version of a table that was read last.
struct CachedTable {
  std::mutex mutex;
  storage::Etag etag;
  TableManifest manifest;
  std::shared_ptr<const Snapshot> snapshot;
};

/// Keeps the right to change a table until it goes.
class TableTurn {
 public:
  explicit TableTurn(std::function<void()> release) : release_(std::move(release)) {}
  TableTurn(TableTurn&& other) noexcept : release_(std::exchange(other.release_, nullptr)) {}
  ~TableTurn() {
    if (release_) release_();
  }
  std::function<void()> Keep() { return std::exchange(release_, nullptr); }

 private:
  std::function<void()> release_;
};

class StoredResults final : public ResultStore {
 public:
  explicit StoredResults(const ResultStoreOptions& options) : storage_(options) {}

  /// Finishes what a crash left half done. A table that cannot be tidied does not keep the others
  /// shut.
  Status Recover() {
    IOLITE_ASSIGN_OR_RETURN(auto objects, storage_.store().List(kFolder));
    for (const auto& object : objects) {
      Status status;
      if (auto dropped = TableOfDropped(object.path)) status = storage_.FinishDrop(*dropped);
      if (auto run = TableOfRun(object.path)) status = TidyRun(*run);
      if (!status.ok()) LogWarning("{} was left as it is: {}", object.path, status.message());
    }
    return Status::Ok();
  }

  std::string MakeName(std::string_view source, std::string_view task,
                       std::string_view model_id) override {
    const auto& options = storage_.options();
    return TableName(source, task, model_id, options.clock->unix_us(), options.random->NextHex(8));
  }

  Result<std::shared_ptr<const Snapshot>> Get(std::string_view table) override {
    auto info = storage_.store().Head(TableManifestPath(table));
    auto cached = Cached(table);
    std::lock_guard lock(cached->mutex);
    if (!info.ok()) {
      cached->snapshot.reset();
      return info.status().code() == StatusCode::kNotFound ? NoSuchTable(table) : info.status();
    }
    if (cached->snapshot && cached->etag == info->etag) return cached->snapshot;
    return Load(table, *cached);
  }

  Status ForEachRow(const RequestContext& context, const Snapshot& snapshot,
                    const std::function<void(std::string_view, std::string_view)>& visit) override {
    for (const auto& part : snapshot.parts) {
      IOLITE_RETURN_IF_ERROR(ForEachRowOf(context, part, visit));
    }
    return Status::Ok();
  }

  Status CheckIndex(vector::Metric metric, int32_t dimension) override {
    segments::SegmentBuildOptions build = storage_.options().index;
    build.metric = metric;
    build.dimension = dimension;
    return segments::CheckBuildOptions(build);
  }

  Result<std::unique_ptr<ResultRun>> StartRun(std::string_view table,
                                              std::string_view definition_hash) override {
    IOLITE_ASSIGN_OR_RETURN(auto turn, TakeTurn(table));
    RunOwner owner{.load = [this, name = std::string(table)] { return Get(name); },
                   .release = turn.Keep()};
    return StoredRun::Start(storage_, table, definition_hash, std::move(owner));
  }

  Result<std::optional<std::string>> FindRun(std::string_view definition_hash) override {
    IOLITE_ASSIGN_OR_RETURN(auto objects, storage_.store().List(kFolder));
    for (const auto& object : objects) {
      auto table = TableOfRun(object.path);
      if (!table) continue;
      IOLITE_ASSIGN_OR_RETURN(auto run, storage_.LoadRun(*table));
      if (!run || run->definition_hash != definition_hash) continue;
      IOLITE_ASSIGN_OR_RETURN(auto stored, storage_.LoadManifest(*table));
      if (!stored || stored->manifest.run_id != run->run_id) return table;
    }
    return std::optional<std::string>();
  }

  Result<std::vector<std::string>> List() override {
    IOLITE_ASSIGN_OR_RETURN(auto objects, storage_.store().List(kFolder));
    std::vector<std::string> tables;
    for (const auto& object : objects) {
      if (auto table = TableOfManifest(object.path)) tables.push_back(std::move(*table));
    }
    return tables;
  }

  Status Drop(std::string_view table) override {
    IOLITE_ASSIGN_OR_RETURN(auto turn, TakeTurn(table));
    bool there = storage_.store().Head(TableManifestPath(table)).ok() ||
                 storage_.store().Head(RunPath(table)).ok();
    if (!there) return NoSuchTable(table);
    IOLITE_RETURN_IF_ERROR(storage_.Drop(table));
    Forget(table);
    return Status::Ok();
  }

  Result<std::vector<VerifyFinding>> Verify(const RequestContext& context,
                                            std::string_view table) override {
    return VerifyTable(context, storage_, table);
  }

  Status Repair(const RequestContext& context, std::string_view table) override {
    IOLITE_ASSIGN_OR_RETURN(auto turn, TakeTurn(table));
    return RepairTable(context, storage_, table);
  }

  Result<std::string> SelectStatement(std::string_view table) override {
    IOLITE_ASSIGN_OR_RETURN(auto snapshot, Get(table));
    return SelectVisible(storage_, *snapshot);
  }

 private:
  static Status NoSuchTable(std::string_view table) {
    return NotFound("there is no result table '{}'", table);
  }

  std::shared_ptr<CachedTable> Cached(std::string_view table) {
    std::lock_guard lock(mutex_);
    auto& cached = cache_[std::string(table)];
    if (!cached) cached = std::make_shared<CachedTable>();
    return cached;
  }

  void Forget(std::string_view table) {
    std::lock_guard lock(mutex_);
    cache_.erase(std::string(table));
  }

  Result<TableTurn> TakeTurn(std::string_view table) {
    if (storage_.options().read_only) {
      return FailedPrecondition("'{}' cannot be changed: the database is open for reading", table);
    }
    std::lock_guard lock(mutex_);
    if (!busy_.insert(std::string(table)).second) {
      return FailedPrecondition("'{}' is being changed by another run: wait for it or cancel it",
                                table);
    }
    return TableTurn([this, name = std::string(table)] {
      std::lock_guard lock(mutex_);
      busy_.erase(name);
    });
  }

  Status TidyRun(const std::string& table) {
    IOLITE_ASSIGN_OR_RETURN(auto stored, storage_.LoadManifest(table));
    IOLITE_ASSIGN_OR_RETURN(auto run, storage_.LoadRun(table));
    IOLITE_RETURN_IF_ERROR(storage_.RemoveUnnamed(table, stored ? &stored->manifest : nullptr));
    if (!stored || !run) return Status::Ok();
    IOLITE_RETURN_IF_ERROR(storage_.PutMaterialization(stored->manifest.materialization));
    return stored->manifest.run_id == run->run_id ? storage_.RemoveRun(table) : Status::Ok();
  }

  // A commit elsewhere may remove hidden rows of the version that is being opened: then there is a
  // newer manifest to read.
  Result<std::shared_ptr<const Snapshot>> Load(std::string_view table, CachedTable& cached) {
    storage::Etag failed_etag;
    for (int attempt = 0;; ++attempt) {
      IOLITE_ASSIGN_OR_RETURN(auto stored, storage_.LoadManifest(table));
      if (!stored) return NoSuchTable(table);
      auto snapshot = OpenVersion(stored->manifest, cached);
      if (snapshot.ok()) {
        cached.etag = std::move(stored->etag);
        cached.manifest = std::move(stored->manifest);
        cached.snapshot = *snapshot;
        return snapshot;
      }
      if (stored->etag == failed_etag || attempt == kLoadAttempts) return snapshot.status();
      failed_etag = stored->etag;
    }
  }

  Result<std::shared_ptr<const Snapshot>> OpenVersion(const TableManifest& manifest,
                                                      const CachedTable& before) {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->version = manifest.version;
    snapshot->materialization = manifest.materialization;
    for (const auto& entry : manifest.segments) {
      IOLITE_ASSIGN_OR_RETURN(auto part, OpenPart(manifest.table, entry, before));
      snapshot->row_count += entry.row_count - entry.hidden_count;
      snapshot->parts.push_back(std::move(part));
    }
    return std::shared_ptr<const Snapshot>(std::move(snapshot));
  }

  Result<Snapshot::Part> OpenPart(const std::string& table,
                                  const TableManifest::SegmentEntry& entry,
                                  const CachedTable& before) {
    Snapshot::Part part{.segment = FindOpen(entry, before)};
    if (!part.segment) {
      auto segment = segments::Segment::Open(storage_.segment_options(), entry.stem);
      if (segment.status().code() == StatusCode::kNotFound) {
        return DataLoss("'{}' cannot be opened: {}; run: iolite tables repair {}", table,
                        segment.status().message(), table);
      }
      if (!segment.ok()) return segment.status().WithContext(fmt::format("'{}'", table));
      part.segment = std::move(*segment);
    }
    auto hidden = part.segment->Hidden(entry.hidden_version);
    if (hidden.status().code() == StatusCode::kNotFound) {
      return DataLoss("'{}' cannot be opened: {} is missing", table,
                      segments::HiddenPath(entry.stem, entry.hidden_version));
    }
    if (!hidden.ok()) return hidden.status();
    part.hidden = std::move(*hidden);
    return part;
  }

  // A segment stays open from version to version, unless it was repaired.
  static std::shared_ptr<const segments::Segment> FindOpen(const TableManifest::SegmentEntry& entry,
                                                           const CachedTable& before) {
    const auto* known = before.snapshot ? before.manifest.Find(entry.stem) : nullptr;
    if (!known || known->repair_count != entry.repair_count) return nullptr;
    for (const auto& part : before.snapshot->parts) {
      if (part.segment->stem() == entry.stem) return part.segment;
    }
    return nullptr;
  }

  Status ForEachRowOf(const RequestContext& context, const Snapshot::Part& part,
                      const std::function<void(std::string_view, std::string_view)>& visit) {
    std::string path = part.segment->stem() + ".parquet";
    uint32_t ordinal = 0;
    return segments::ReadRowsFile(
        context, storage_.store(), {.path = path, .columns = {"_row_id", "_content_hash"}},
        [&](const arrow::RecordBatch& rows) {
          const auto& ids = static_cast<const arrow::StringArray&>(*rows.column(0));
          const auto& hashes = static_cast<const arrow::StringArray&>(*rows.column(1));
          for (int64_t row = 0; row < rows.num_rows(); ++row, ++ordinal) {
            if (part.hidden && part.hidden->Contains(ordinal)) continue;
            visit(ids.GetView(row), hashes.GetView(row));
          }
          return Status::Ok();
        });
  }

  TableStorage storage_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<CachedTable>> cache_;
  std::set<std::string> busy_;
};

}  // namespace

Result<std::unique_ptr<ResultStore>> ResultStore::Open(const ResultStoreOptions& options) {
  auto store = std::make_unique<StoredResults>(options);
  if (!options.read_only) IOLITE_RETURN_IF_ERROR(store->Recover());
  return std::unique_ptr<ResultStore>(std::move(store));
}

}  // namespace iolite::results
