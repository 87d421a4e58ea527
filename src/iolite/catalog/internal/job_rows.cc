#include "iolite/catalog/internal/rows.h"

namespace iolite::catalog::internal {
namespace {

// A wish to cancel comes from elsewhere between two puts of the job's own process, which must not
// wipe it out; only a finished job that starts again begins without it.
constexpr char kUpsert[] = R"sql(
INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
  kind = excluded.kind, target = excluded.target, result_table = excluded.result_table,
  definition_json = excluded.definition_json, state = excluded.state,
  rows_done = excluded.rows_done, rows_total = excluded.rows_total,
  result_json = excluded.result_json, error = excluded.error, owner_pid = excluded.owner_pid,
  created_us = excluded.created_us, updated_us = excluded.updated_us,
  finished_us = excluded.finished_us,
  cancel_requested = CASE
    WHEN jobs.state IN ('succeeded', 'failed', 'cancelled')
         AND excluded.state IN ('queued', 'running') THEN excluded.cancel_requested
    ELSE max(jobs.cancel_requested, excluded.cancel_requested) END
)sql";

Status NoSuchJob(std::string_view id) {
  return NotFound("There is no job '{}'. `iolite jobs list` names those there are", id);
}

Result<JobState> ParseState(const std::string& name) {
  for (const auto state : {JobState::kQueued, JobState::kRunning, JobState::kSucceeded,
                           JobState::kFailed, JobState::kCancelled}) {
    if (JobStateName(state) == name) return state;
  }
  return DataLoss("The catalog holds a job in the unknown state '{}'", name);
}

Result<JobEntry> EntryOf(const Statement& row) {
  JobEntry job;
  job.id = row.Text(0);
  job.kind = row.Text(1);
  job.target = row.Text(2);
  job.table = row.Text(3);
  job.definition_json = row.Text(4);
  IOLITE_ASSIGN_OR_RETURN(job.state, ParseState(row.Text(5)));
  job.rows_done = row.Int(6);
  job.rows_total = row.Int(7);
  job.result_json = row.Text(8);
  job.error = row.Text(9);
  job.owner_pid = row.Int(10);
  job.created_us = row.Int(11);
  job.updated_us = row.Int(12);
  job.finished_us = row.Int(13);
  job.cancel_requested = row.Int(14) != 0;
  return job;
}

Result<std::vector<JobEntry>> SelectMany(Connection& connection, const char* sql) {
  std::vector<JobEntry> jobs;
  IOLITE_ASSIGN_OR_RETURN(auto row, connection.Prepare(sql));
  while (true) {
    IOLITE_ASSIGN_OR_RETURN(const bool more, row.Step());
    if (!more) return jobs;
    IOLITE_ASSIGN_OR_RETURN(auto job, EntryOf(row));
    jobs.push_back(std::move(job));
  }
}

}  // namespace

Status UpsertJob(Connection& connection, const JobEntry& job) {
  IOLITE_ASSIGN_OR_RETURN(auto statement, connection.Prepare(kUpsert));
  statement.Bind(job.id, job.kind, job.target, job.table, job.definition_json,
                 JobStateName(job.state), job.rows_done, job.rows_total, job.result_json, job.error,
                 job.owner_pid, job.created_us, job.updated_us, job.finished_us,
                 job.cancel_requested);
  return statement.Run();
}

Status DeleteOldJobs(Connection& connection, int64_t count) {
  IOLITE_ASSIGN_OR_RETURN(
      auto statement,
      connection.Prepare("DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE state IN "
                         "('succeeded', 'failed', 'cancelled') ORDER BY finished_us DESC, rowid "
                         "DESC LIMIT -1 OFFSET ?)"));
  return statement.Bind(count).Run();
}

Result<JobEntry> SelectJob(Connection& connection, std::string_view id) {
  IOLITE_ASSIGN_OR_RETURN(auto row, connection.Prepare("SELECT * FROM jobs WHERE id = ?"));
  IOLITE_ASSIGN_OR_RETURN(const bool found, row.Bind(id).Step());
  if (!found) return NoSuchJob(id);
  return EntryOf(row);
}

Result<std::vector<JobEntry>> SelectJobs(Connection& connection) {
  return SelectMany(connection, "SELECT * FROM jobs ORDER BY created_us DESC, rowid DESC");
}

Result<std::vector<JobEntry>> SelectUnfinishedJobs(Connection& connection) {
  return SelectMany(connection,
                    "SELECT * FROM jobs WHERE state IN ('queued', 'running') "
                    "ORDER BY created_us DESC, rowid DESC");
}

Status MarkCancel(Connection& connection, std::string_view id) {
  IOLITE_ASSIGN_OR_RETURN(const auto job, SelectJob(connection, id));
  if (job.state != JobState::kQueued && job.state != JobState::kRunning) {
    return FailedPrecondition(
        "The job '{}' is not running: it has {}", id,
        job.state == JobState::kCancelled ? "been cancelled" : JobStateName(job.state));
  }
  IOLITE_ASSIGN_OR_RETURN(auto statement,
                          connection.Prepare("UPDATE jobs SET cancel_requested = 1 WHERE id = ?"));
  return statement.Bind(id).Run();
}

Result<bool> SelectCancel(Connection& connection, std::string_view id) {
  IOLITE_ASSIGN_OR_RETURN(auto row,
                          connection.Prepare("SELECT cancel_requested FROM jobs WHERE id = ?"));
  IOLITE_ASSIGN_OR_RETURN(const bool found, row.Bind(id).Step());
  if (!found) return NoSuchJob(id);
  return row.Int(0) != 0;
}

Status UpdateProgress(Connection& connection, std::string_view id, int64_t rows_done,
                      int64_t rows_total, int64_t now_us) {
  IOLITE_ASSIGN_OR_RETURN(
      auto statement,
      connection.Prepare(
          "UPDATE jobs SET rows_done = ?, rows_total = ?, updated_us = ? WHERE id = ?"));
  IOLITE_RETURN_IF_ERROR(statement.Bind(rows_done, rows_total, now_us, id).Run());
  return connection.change_count() == 0 ? NoSuchJob(id) : Status();
}

Status InsertJobRowErrors(Connection& connection, std::string_view id,
                          const std::vector<JobRowError>& errors) {
  IOLITE_RETURN_IF_ERROR(SelectCancel(connection, id).status());  // kNotFound without the job
  IOLITE_ASSIGN_OR_RETURN(
      auto statement,
      connection.Prepare("INSERT INTO job_row_errors (job, row_id, reason) VALUES (?, ?, ?)"));
  for (const auto& error : errors) {
    IOLITE_RETURN_IF_ERROR(statement.Bind(id, error.row_id, error.reason).Run());
  }
  return Status();
}

Result<std::vector<JobRowError>> SelectJobRowErrors(Connection& connection, std::string_view id) {
  IOLITE_RETURN_IF_ERROR(SelectCancel(connection, id).status());
  std::vector<JobRowError> errors;
  IOLITE_ASSIGN_OR_RETURN(
      auto row, connection.Prepare(
                    "SELECT row_id, reason FROM job_row_errors WHERE job = ? ORDER BY number"));
  row.Bind(id);
  while (true) {
    IOLITE_ASSIGN_OR_RETURN(const bool more, row.Step());
    if (!more) return errors;
    errors.push_back({row.Text(0), row.Text(1)});
  }
}

}  // namespace iolite::catalog::internal
