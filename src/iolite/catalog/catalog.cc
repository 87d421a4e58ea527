#include "iolite/catalog/catalog.h"

#include <utility>

#include "iolite/catalog/internal/catalog_file.h"
#include "iolite/catalog/internal/portable_path.h"
#include "iolite/catalog/internal/rows.h"

namespace iolite::catalog {
namespace {

using internal::CatalogFile;
using internal::Connection;

bool IsFinished(JobState state) {
  return state == JobState::kSucceeded || state == JobState::kFailed ||
         state == JobState::kCancelled;
}

/// Each call is one transaction over the functions of internal/rows.h.
class SqliteCatalog final : public Catalog {
 public:
  SqliteCatalog(std::unique_ptr<CatalogFile> file, const CatalogOptions& options)
      : file_(std::move(file)),
        path_(options.path),
        paths_(options.path),
        finished_job_count_max_(options.finished_job_count_max),
        clock_(*options.clock) {}

  Status AddSource(const SourceEntry& source) override {
    if (source.name.empty()) return InvalidArgument("A source needs a name");
    return Write(internal::InsertSource, paths_.ToStored(source));
  }
  Status UpdateSource(const SourceEntry& source) override {
    return Write(internal::UpdateSource, paths_.ToStored(source));
  }
  Result<SourceEntry> GetSource(std::string_view name) const override {
    return Whole(Read(internal::SelectSource, name));
  }
  Result<std::vector<SourceEntry>> ListSources() const override {
    return WholeAll(Read(internal::SelectSources));
  }
  Status RemoveSource(std::string_view name) override {
    return Write(internal::DeleteSource, name);
  }

  Status PutModel(const ModelEntry& model) override {
    return Write(internal::UpsertModel, paths_.ToStored(model));
  }
  Result<ModelEntry> GetModel(std::string_view id) const override {
    return Whole(Read(internal::SelectModel, id));
  }
  Result<std::vector<ModelEntry>> ListModels() const override {
    return WholeAll(Read(internal::SelectModels));
  }
  Status RemoveModel(std::string_view id) override { return Write(internal::DeleteModel, id); }

  Status PutTable(const TableEntry& table) override { return Write(internal::UpsertTable, table); }
  Result<TableEntry> GetTable(std::string_view name) const override {
    return Read(internal::SelectTable, name);
  }
  Result<std::vector<TableEntry>> ListTables(std::string_view source) const override {
    return Read(internal::SelectTables, source);
  }
  Status RemoveTable(std::string_view name) override { return Write(internal::DeleteTable, name); }

  Status PutJob(const JobEntry& job) override {
    return file_->Write([&](Connection& connection) -> Status {
      IOLITE_RETURN_IF_ERROR(internal::UpsertJob(connection, Stamped(job)));
      if (!IsFinished(job.state) || finished_job_count_max_ == 0) return Status();
      return internal::DeleteOldJobs(connection, finished_job_count_max_);
    });
  }
  Result<JobEntry> GetJob(std::string_view id) const override {
    return Read(internal::SelectJob, id);
  }
  Result<std::vector<JobEntry>> ListJobs() const override { return Read(internal::SelectJobs); }
  Status RequestCancel(std::string_view id) override { return Write(internal::MarkCancel, id); }
  Result<bool> CancelRequested(std::string_view id) const override {
    return Read(internal::SelectCancel, id);
  }

  Result<bool> ReportProgress(std::string_view id, int64_t rows_done, int64_t rows_total) override {
    bool cancel = false;
    IOLITE_RETURN_IF_ERROR(file_->Write([&](Connection& connection) -> Status {
      IOLITE_RETURN_IF_ERROR(
          internal::UpdateProgress(connection, id, rows_done, rows_total, clock_.unix_us()));
      IOLITE_ASSIGN_OR_RETURN(cancel, internal::SelectCancel(connection, id));
      return Status();
    }));
    return cancel;
  }

  Result<std::vector<JobEntry>> FailAbandonedJobs() override {
    IOLITE_ASSIGN_OR_RETURN(const auto candidates, Read(internal::SelectUnfinishedJobs));
    if (candidates.empty()) return candidates;  // spares the write at nearly every opening
    std::vector<JobEntry> jobs;
    IOLITE_RETURN_IF_ERROR(file_->Write([&](Connection& connection) -> Status {
      IOLITE_ASSIGN_OR_RETURN(jobs, internal::SelectUnfinishedJobs(connection));
      for (auto& job : jobs) {
        job.state = JobState::kFailed;
        job.error = fmt::format(
            "Process {} ended without finishing this job; run it again to continue", job.owner_pid);
        job = Stamped(job);
        IOLITE_RETURN_IF_ERROR(internal::UpsertJob(connection, job));
      }
      return Status();
    }));
    return jobs;
  }

  Status AddJobRowErrors(std::string_view id, const std::vector<JobRowError>& errors) override {
    return Write(internal::InsertJobRowErrors, id, errors);
  }
  Result<std::vector<JobRowError>> ListJobRowErrors(std::string_view id) const override {
    return Read(internal::SelectJobRowErrors, id);
  }

  Status AddEvalRun(const EvalRunEntry& run) override {
    EvalRunEntry stamped = run;
    if (stamped.created_us == 0) stamped.created_us = clock_.unix_us();
    return Write(internal::InsertEvalRun, stamped);
  }
  Result<EvalRunEntry> GetEvalRun(std::string_view id) const override {
    return Read(internal::SelectEvalRun, id);
  }
  Result<std::vector<EvalRunEntry>> ListEvalRuns() const override {
    return Read(internal::SelectEvalRuns);
  }
  Status RemoveEvalRun(std::string_view id) override { return Write(internal::DeleteEvalRun, id); }

  Result<int64_t> Revision() const override { return file_->Revision(); }

  Status Verify() const override {
    return file_->Read([&](Connection& connection) -> Status {
      IOLITE_ASSIGN_OR_RETURN(auto check, connection.Prepare("PRAGMA integrity_check(1)"));
      IOLITE_RETURN_IF_ERROR(check.Step().status());
      if (check.Text(0) != "ok") {
        return DataLoss("The catalog {} is damaged ({}). Restore it from a backup", path_,
                        check.Text(0));
      }
      IOLITE_ASSIGN_OR_RETURN(auto keys, connection.Prepare("PRAGMA foreign_key_check"));
      IOLITE_ASSIGN_OR_RETURN(const bool dangling, keys.Step());
      if (!dangling) return Status();
      return DataLoss(
          "The catalog {} is damaged (a row of {} belongs to nothing). Restore it from "
          "a backup",
          path_, keys.Text(0));
    });
  }

 private:
  JobEntry Stamped(JobEntry job) const {
    job.updated_us = clock_.unix_us();
    if (job.created_us == 0) job.created_us = job.updated_us;
    if (!IsFinished(job.state)) job.finished_us = 0;
    if (IsFinished(job.state) && job.finished_us == 0) job.finished_us = job.updated_us;
    return job;
  }

  /// An entry with the paths of where the folder is now.
  template <typename Entry>
  Result<Entry> Whole(Result<Entry> stored) const {
    if (stored.ok()) *stored = paths_.FromStored(std::move(*stored));
    return stored;
  }
  template <typename Entry>
  Result<std::vector<Entry>> WholeAll(Result<std::vector<Entry>> stored) const {
    if (!stored.ok()) return stored;
    for (Entry& entry : *stored) entry = paths_.FromStored(std::move(entry));
    return stored;
  }

  template <typename Function, typename... Args>
  Status Write(Function function, const Args&... args) {
    return file_->Write([&](Connection& connection) { return function(connection, args...); });
  }

  template <typename Function, typename... Args>
  auto Read(Function function, const Args&... args) const
      -> decltype(function(std::declval<Connection&>(), args...)) {
    decltype(function(std::declval<Connection&>(), args...)) answer =
        Status(StatusCode::kInternal, "A transaction of the catalog succeeded without an answer");
    IOLITE_RETURN_IF_ERROR(file_->Read([&](Connection& connection) {
      answer = function(connection, args...);
      return answer.status();
    }));
    return answer;
  }

  const std::unique_ptr<CatalogFile> file_;
  const std::string path_;
  const internal::PortablePaths paths_;
  const int64_t finished_job_count_max_;
  Clock& clock_;
};

}  // namespace

std::string_view JobStateName(JobState state) {
  switch (state) {
    case JobState::kQueued: return "queued";
    case JobState::kRunning: return "running";
    case JobState::kSucceeded: return "succeeded";
    case JobState::kFailed: return "failed";
    case JobState::kCancelled: return "cancelled";
  }
  return "unknown";
}

Result<std::unique_ptr<Catalog>> Catalog::Open(const CatalogOptions& options) {
  IOLITE_ASSIGN_OR_RETURN(auto file, CatalogFile::Open(options));
  return std::unique_ptr<Catalog>(std::make_unique<SqliteCatalog>(std::move(file), options));
}

}  // namespace iolite::catalog
