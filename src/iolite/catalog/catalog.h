#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/clock.h"
#include "iolite/base/status.h"

namespace iolite::catalog {

struct ColumnEntry {
  std::string name;
  std::string type;  ///< as SQL spells it: `VARCHAR`, `BIGINT`, `FLOAT[384]`
};

/// One file of a source as it was when it was last read.
struct FileAnchor {
  std::string path;
  int64_t size_bytes = 0;
  int64_t modified_us = 0;
  std::string etag;  ///< SHA-256 of the bytes, or the store's tag; empty until somebody needed it
};

struct SourceEntry {
  std::string name;
  std::string format;                 ///< parquet, csv, json, jsonl
  std::vector<std::string> patterns;  ///< absolute paths and globs as registered
  std::vector<ColumnEntry> columns;
  int64_t row_count = 0;
  std::vector<FileAnchor> files;
  int64_t created_us = 0;
  int64_t read_us = 0;         ///< when schema and count were last read
  std::string reader_options;  ///< how a CSV is written, as read_csv's arguments; empty otherwise
};

struct ModelEntry {
  std::string id;
  std::string path;      ///< folder with its files
  std::string origin;    ///< local, cache, hub
  std::string revision;  ///< pinned commit of the hub, or empty
  std::string content_hash;
  std::vector<FileAnchor> files;
  int64_t created_us = 0;
};

/// A result table. What made it is in its materialization document; this is what lists and searches
/// need.
struct TableEntry {
  std::string name;
  std::string source;
  std::string task;      ///< embedding, import
  std::string model_id;  ///< empty for imported vectors without a model
  std::string key_column;
  std::vector<std::string> text_columns;
  std::string metric;
  int64_t dimension = 0;
  std::string definition_hash;  ///< equal hashes mean the same job
  int64_t created_us = 0;
};

enum class JobState { kQueued, kRunning, kSucceeded, kFailed, kCancelled };
std::string_view JobStateName(JobState state);

struct JobEntry {
  std::string id;
  std::string kind;    ///< embed, import
  std::string target;  ///< the source's name
  std::string table;   ///< the result table, once known
  std::string definition_json;
  JobState state = JobState::kQueued;
  int64_t rows_done = 0;
  int64_t rows_total = 0;
  std::string result_json;
  std::string error;
  int64_t owner_pid = 0;
  int64_t created_us = 0;
  int64_t updated_us = 0;
  int64_t finished_us = 0;
  bool cancel_requested = false;
};

struct JobRowError {
  std::string row_id;
  std::string reason;
};

/// One measurement that was kept. What was answered lies in a file of the database folder; this is
/// what lists and comparisons need.
struct EvalRunEntry {
  std::string id;
  std::string name;          ///< as the caller calls what was measured
  std::string task;          ///< retrieval, classification, entities
  std::string target;        ///< the result table, run file or source that answered
  std::string options_json;  ///< how it was asked
  std::string queries_path;
  std::string judgements;  ///< the file or source that says what is right
  int64_t query_count = 0;
  std::string figures_json;
  std::string answers_sha256;  ///< of the file of answers; empty when there is none
  int64_t created_us = 0;
};

struct CatalogOptions {
  std::string path;  ///< of catalog.sqlite
  /// Changes are refused with kFailedPrecondition, and the folder need not be writable: without a
  /// log of a writer beside the file nothing at all is written.
  bool read_only = false;
  /// Finished jobs past this many are forgotten, the oldest first, with their row errors, whenever
  /// one finishes. 0 keeps all.
  int64_t finished_job_count_max = 0;
  Clock* clock = &Clock::System();
};

/// The names of a database: sources, models, result tables, jobs, kept measurements. One SQLite
/// file in WAL mode; each call is one transaction.
///
/// Open refuses a file of a newer format with kUnimplemented and upgrades older ones. kDataLoss,
/// with the file's name, when it is damaged. Names of sources and result tables are found in any
/// case of letters, as SQL finds them; both kinds share one namespace.
///
/// Paths inside the folder of catalog.sqlite are kept relative to it and answered whole, so that a
/// database can be moved.
///
/// Threads: any number. Processes: any number of readers beside one writer; cancelling a job and
/// keeping a measurement are the writes that a second process makes, through a catalog opened for
/// writing for that moment.
/// Everything is on disk when a call returns.
class Catalog {
 public:
  static Result<std::unique_ptr<Catalog>> Open(const CatalogOptions& options);
  virtual ~Catalog() = default;

  /// kAlreadyExists when the name is taken by a source or a result table.
  virtual Status AddSource(const SourceEntry& source) = 0;
  /// kNotFound when there is none; keeps created_us.
  virtual Status UpdateSource(const SourceEntry& source) = 0;
  virtual Result<SourceEntry> GetSource(std::string_view name) const = 0;
  virtual Result<std::vector<SourceEntry>> ListSources() const = 0;
  /// Its result tables stay.
  virtual Status RemoveSource(std::string_view name) = 0;

  /// Adds or replaces, as all Put… do.
  virtual Status PutModel(const ModelEntry& model) = 0;
  virtual Result<ModelEntry> GetModel(std::string_view id) const = 0;
  virtual Result<std::vector<ModelEntry>> ListModels() const = 0;
  virtual Status RemoveModel(std::string_view id) = 0;

  /// kAlreadyExists when a source has the name.
  virtual Status PutTable(const TableEntry& table) = 0;
  virtual Result<TableEntry> GetTable(std::string_view name) const = 0;
  /// All, or those of one source; newest first.
  virtual Result<std::vector<TableEntry>> ListTables(std::string_view source = {}) const = 0;
  virtual Status RemoveTable(std::string_view name) = 0;

  /// Sets updated_us, and created_us and finished_us where they are 0 and due. A wish to cancel
  /// outlives it, except when a finished job is put as running again: that is a new attempt.
  virtual Status PutJob(const JobEntry& job) = 0;
  virtual Result<JobEntry> GetJob(std::string_view id) const = 0;
  /// Newest first.
  virtual Result<std::vector<JobEntry>> ListJobs() const = 0;
  /// kFailedPrecondition when the job has finished.
  virtual Status RequestCancel(std::string_view id) = 0;
  /// Whether somebody asked to cancel, in whatever process. Microseconds: for polling between
  /// batches.
  virtual Result<bool> CancelRequested(std::string_view id) const = 0;
  /// Writes how far a job is and answers CancelRequested(). One write to disk: about once a second.
  virtual Result<bool> ReportProgress(std::string_view id, int64_t rows_done,
                                      int64_t rows_total) = 0;
  /// Marks every queued or running job as failed, with "process … ended without finishing", and
  /// returns them. To be called by whoever has just taken the database's lock and started no job:
  /// with the lock free, no such job has a process any more. Asking the system for owner_pid would
  /// be wrong: numbers are used again, in containers at once.
  virtual Result<std::vector<JobEntry>> FailAbandonedJobs() = 0;
  virtual Status AddJobRowErrors(std::string_view id, const std::vector<JobRowError>& errors) = 0;
  virtual Result<std::vector<JobRowError>> ListJobRowErrors(std::string_view id) const = 0;

  /// Sets created_us where it is 0. kAlreadyExists when the id is taken.
  virtual Status AddEvalRun(const EvalRunEntry& run) = 0;
  virtual Result<EvalRunEntry> GetEvalRun(std::string_view id) const = 0;
  /// Newest first.
  virtual Result<std::vector<EvalRunEntry>> ListEvalRuns() const = 0;
  virtual Status RemoveEvalRun(std::string_view id) = 0;

  /// A number that is the same as before only if nothing was changed since, by any process: for
  /// caches of what was read. Microseconds.
  virtual Result<int64_t> Revision() const = 0;
  /// Reads all of the file and checks it. kDataLoss says what is wrong.
  virtual Status Verify() const = 0;
};

}  // namespace iolite::catalog
