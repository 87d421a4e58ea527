#include "iolite/pipelines/internal/running_job.h"

#include <unistd.h>

#include <chrono>
#include <utility>

#include "iolite/base/log.h"

namespace iolite::pipelines {
namespace {

constexpr std::chrono::milliseconds kWatchInterval(100);
constexpr int kWatchesPerWrite = 10;

}  // namespace

RunningJob::RunningJob(const RequestContext& context, const PipelineOptions& options,
                       catalog::JobEntry entry, const ProgressFunction& progress)
    : caller_(context),
      context_(context),
      catalog_(*options.catalog),
      clock_(*options.clock),
      entry_(std::move(entry)),
      progress_(progress),
      start_ns_(options.clock->monotonic_ns()) {
  context_.cancel = CancelToken();
}

Result<std::unique_ptr<RunningJob>> RunningJob::Start(const RequestContext& context,
                                                      const PipelineOptions& options,
                                                      catalog::JobEntry entry,
                                                      const ProgressFunction& progress) {
  entry.id = options.random->NextHex(12);
  entry.state = catalog::JobState::kRunning;
  entry.owner_pid = getpid();
  entry.created_us = options.clock->unix_us();
  IOLITE_RETURN_IF_ERROR(options.catalog->PutJob(entry));
  std::unique_ptr<RunningJob> job(new RunningJob(context, options, std::move(entry), progress));
  job->watcher_ = std::thread([&watched = *job] { watched.Watch(); });
  return job;
}

RunningJob::~RunningJob() { StopWatching(); }

void RunningJob::StopWatching() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (watcher_.joinable()) watcher_.join();
}

void RunningJob::Watch() {
  std::unique_lock lock(mutex_);
  for (int round = 1; !stopping_; ++round) {
    wake_.wait_for(lock, kWatchInterval, [&] { return stopping_; });
    if (stopping_) return;
    lock.unlock();
    WatchOnce(round % kWatchesPerWrite == 0);
    lock.lock();
  }
}

void RunningJob::WatchOnce(bool write) {
  if (caller_.cancel.cancelled()) context_.cancel.Cancel();
  Progress progress{.rows_done = rows_done_, .rows_total = rows_total_};
  if (progress_) progress_(progress);
  auto cancel = write ? catalog_.ReportProgress(entry_.id, progress.rows_done, progress.rows_total)
                      : catalog_.CancelRequested(entry_.id);
  if (!cancel.ok()) {
    LogWarning("job {}: {}", entry_.id, cancel.status().message());
  } else if (*cancel) {
    context_.cancel.Cancel();
  }
}

Status RunningJob::AddRowErrors(const std::vector<catalog::JobRowError>& errors) {
  if (errors.empty()) return Status::Ok();
  return catalog_.AddJobRowErrors(entry_.id, errors);
}

Status RunningJob::Finish(const Status& status, const std::string& result_json) {
  StopWatching();
  if (progress_ && status.ok()) progress_({.rows_done = rows_done_, .rows_total = rows_total_});
  entry_.rows_done = rows_done_;
  entry_.rows_total = rows_total_;
  entry_.finished_us = clock_.unix_us();
  entry_.result_json = result_json;
  entry_.error = status.message();
  entry_.state = status.ok()                               ? catalog::JobState::kSucceeded
                 : status.code() == StatusCode::kCancelled ? catalog::JobState::kCancelled
                                                           : catalog::JobState::kFailed;
  Status written = catalog_.PutJob(entry_);
  if (!written.ok()) LogWarning("job {}: {}", entry_.id, written.message());
  return status;
}

double RunningJob::seconds() const {
  return static_cast<double>(clock_.monotonic_ns() - start_ns_) * 1e-9;
}

}  // namespace iolite::pipelines
