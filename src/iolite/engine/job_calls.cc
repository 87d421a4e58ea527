#include "iolite/engine/local_engine.h"

namespace iolite::engine {
namespace {

JobInfo ToPublic(const catalog::JobEntry& job) {
  return {.id = job.id,
          .kind = job.kind,
          .target = job.target,
          .table = job.table,
          .state = std::string(catalog::JobStateName(job.state)),
          .rows_done = job.rows_done,
          .rows_total = job.rows_total,
          .result_json = job.result_json,
          .error = job.error,
          .created_us = job.created_us,
          .updated_us = job.updated_us,
          .finished_us = job.finished_us};
}

}  // namespace

Result<std::vector<JobInfo>> LocalEngine::ListJobs() {
  IOLITE_ASSIGN_OR_RETURN(auto jobs, catalog_->ListJobs());
  std::vector<JobInfo> infos;
  infos.reserve(jobs.size());
  for (const auto& job : jobs) infos.push_back(ToPublic(job));
  return infos;
}

Result<JobInfo> LocalEngine::ShowJob(std::string_view id) {
  IOLITE_ASSIGN_OR_RETURN(auto job, catalog_->GetJob(id));
  return ToPublic(job);
}

Result<std::vector<JobError>> LocalEngine::ListJobErrors(std::string_view id) {
  IOLITE_RETURN_IF_ERROR(catalog_->GetJob(id).status());
  IOLITE_ASSIGN_OR_RETURN(auto errors, catalog_->ListJobRowErrors(id));
  std::vector<JobError> out;
  out.reserve(errors.size());
  for (auto& error : errors) out.push_back({std::move(error.row_id), std::move(error.reason)});
  return out;
}

Status LocalEngine::CancelJob(std::string_view id) {
  IOLITE_ASSIGN_OR_RETURN(auto job, catalog_->GetJob(id));
  if (job.state != catalog::JobState::kRunning && job.state != catalog::JobState::kQueued) {
    return FailedPrecondition("Job {} has already ended: {}", id, catalog::JobStateName(job.state));
  }
  if (!read_only_) return catalog_->RequestCancel(id);
  // The one write that a process beside the writer makes: SQLite orders it with the writer's own.
  IOLITE_ASSIGN_OR_RETURN(auto writable,
                          catalog::Catalog::Open({.path = path_ + "/catalog.sqlite"}));
  return writable->RequestCancel(id);
}

}  // namespace iolite::engine
