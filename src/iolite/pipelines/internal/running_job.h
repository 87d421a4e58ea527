#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "iolite/pipelines/embed.h"

namespace iolite::pipelines {

/// A job in the catalog while it runs. A thread of its own writes progress down, calls the progress
/// function, and passes on a wish to stop, from the caller's context or from `jobs cancel`.
///
/// Threads: rows are counted from any; the rest belongs to one.
class RunningJob {
 public:
  /// Enters the job as running.
  static Result<std::unique_ptr<RunningJob>> Start(const RequestContext& context,
                                                   const PipelineOptions& options,
                                                   catalog::JobEntry entry,
                                                   const ProgressFunction& progress);
  ~RunningJob();

  /// The caller's, with a cancel token that `jobs cancel` reaches too.
  const RequestContext& context() const { return context_; }
  const std::string& id() const { return entry_.id; }
  void set_table(const std::string& table) { entry_.table = table; }
  void set_rows_total(int64_t rows_total) { rows_total_ = rows_total; }
  void AddRowsDone(int64_t row_count) { rows_done_ += row_count; }
  /// Keeps why rows were left out.
  Status AddRowErrors(const std::vector<catalog::JobRowError>& errors);

  /// Ends the job as succeeded with `result_json`, as cancelled, or as failed; answers `status`.
  Status Finish(const Status& status, const std::string& result_json);
  double seconds() const;

 private:
  RunningJob(const RequestContext& context, const PipelineOptions& options, catalog::JobEntry entry,
             const ProgressFunction& progress);
  void Watch();
  void WatchOnce(bool write);
  void StopWatching();

  const RequestContext caller_;
  RequestContext context_;
  catalog::Catalog& catalog_;
  Clock& clock_;
  catalog::JobEntry entry_;
  const ProgressFunction& progress_;
  const int64_t start_ns_;
  std::atomic<int64_t> rows_done_ = 0;
  std::atomic<int64_t> rows_total_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread watcher_;
};

}  // namespace iolite::pipelines
