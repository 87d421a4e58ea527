#include "iolite/catalog/internal/schema.h"

namespace iolite::catalog::internal {
namespace {

constexpr char kFormat1[] = R"sql(
CREATE TABLE sources (
  name TEXT PRIMARY KEY COLLATE NOCASE,
  format TEXT NOT NULL,
  row_count INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  read_us INTEGER NOT NULL,
  reader_options TEXT NOT NULL);
CREATE TABLE source_patterns (
  source TEXT NOT NULL COLLATE NOCASE REFERENCES sources(name) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  pattern TEXT NOT NULL,
  PRIMARY KEY (source, position)) WITHOUT ROWID;
CREATE TABLE source_columns (
  source TEXT NOT NULL COLLATE NOCASE REFERENCES sources(name) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  PRIMARY KEY (source, position)) WITHOUT ROWID;
CREATE TABLE source_files (
  owner TEXT NOT NULL COLLATE NOCASE REFERENCES sources(name) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  path TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  modified_us INTEGER NOT NULL,
  etag TEXT NOT NULL,
  PRIMARY KEY (owner, position)) WITHOUT ROWID;

CREATE TABLE models (
  id TEXT PRIMARY KEY,
  path TEXT NOT NULL,
  origin TEXT NOT NULL,
  revision TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  created_us INTEGER NOT NULL);
CREATE TABLE model_files (
  owner TEXT NOT NULL REFERENCES models(id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  path TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  modified_us INTEGER NOT NULL,
  etag TEXT NOT NULL,
  PRIMARY KEY (owner, position)) WITHOUT ROWID;

CREATE TABLE result_tables (
  name TEXT PRIMARY KEY COLLATE NOCASE,
  source TEXT NOT NULL COLLATE NOCASE,
  task TEXT NOT NULL,
  model_id TEXT NOT NULL,
  key_column TEXT NOT NULL,
  metric TEXT NOT NULL,
  dimension INTEGER NOT NULL,
  definition_hash TEXT NOT NULL,
  created_us INTEGER NOT NULL);
CREATE INDEX result_tables_by_source ON result_tables(source, created_us);
CREATE TABLE result_table_text_columns (
  result_table TEXT NOT NULL COLLATE NOCASE REFERENCES result_tables(name) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (result_table, position)) WITHOUT ROWID;

CREATE TABLE jobs (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  target TEXT NOT NULL,
  result_table TEXT NOT NULL,
  definition_json TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  rows_done INTEGER NOT NULL,
  rows_total INTEGER NOT NULL,
  result_json TEXT NOT NULL,
  error TEXT NOT NULL,
  owner_pid INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  finished_us INTEGER NOT NULL,
  cancel_requested INTEGER NOT NULL);
CREATE INDEX jobs_by_state ON jobs(state);
CREATE TABLE job_row_errors (
  number INTEGER PRIMARY KEY,
  job TEXT NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
  row_id TEXT NOT NULL,
  reason TEXT NOT NULL);
CREATE INDEX job_row_errors_by_job ON job_row_errors(job, number);
)sql";

constexpr char kFormat2[] = R"sql(
CREATE TABLE eval_runs (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  task TEXT NOT NULL,
  target TEXT NOT NULL,
  options_json TEXT NOT NULL,
  queries_path TEXT NOT NULL,
  judgements TEXT NOT NULL,
  query_count INTEGER NOT NULL,
  figures_json TEXT NOT NULL,
  answers_sha256 TEXT NOT NULL,
  created_us INTEGER NOT NULL);
)sql";

/// The step to each format from the one before it.
constexpr const char* kSteps[kFormatNewest] = {kFormat1, kFormat2};

Status OtherProgram(const std::string& path) {
  return FailedPrecondition(
      "{} is a database of another program, not an Iolite catalog. Choose another folder with --db",
      path);
}

/// Brings a file of `format`, 0 being an empty one, to the newest.
Status Upgrade(Connection& connection, int64_t format) {
  for (int64_t step = format; step < kFormatNewest; ++step) {
    IOLITE_RETURN_IF_ERROR(connection.Execute(kSteps[step]));
  }
  const auto marks = fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                                 kApplicationId, kFormatNewest);
  return connection.Execute(marks.c_str());
}

Result<bool> IsEmpty(Connection& connection) {
  IOLITE_ASSIGN_OR_RETURN(const auto count,
                          connection.Number("SELECT count(*) FROM sqlite_schema"));
  return count == 0;
}

Status UpgradeIfOlder(Connection& connection, const std::string& path) {
  IOLITE_ASSIGN_OR_RETURN(const bool empty, IsEmpty(connection));
  if (empty) return Upgrade(connection, 0);
  IOLITE_RETURN_IF_ERROR(CheckSchema(connection, path));
  IOLITE_ASSIGN_OR_RETURN(const auto format, connection.Number("PRAGMA user_version"));
  return format < kFormatNewest ? Upgrade(connection, format) : Status();
}

}  // namespace

Status CheckSchema(Connection& connection, const std::string& path) {
  IOLITE_ASSIGN_OR_RETURN(const auto format, connection.Number("PRAGMA user_version"));
  IOLITE_ASSIGN_OR_RETURN(const auto application, connection.Number("PRAGMA application_id"));
  if (application == kApplicationId && format > kFormatNewest) {
    return Unimplemented(
        "The catalog {} has format {}, written by a newer release; this one reads up to format {}. "
        "Use the newer release",
        path, format, kFormatNewest);
  }
  if (application == kApplicationId && format >= 1) return Status();
  IOLITE_ASSIGN_OR_RETURN(const bool empty, IsEmpty(connection));
  if (!empty) return OtherProgram(path);
  return FailedPrecondition(
      "The catalog {} is empty: open the database for writing once to make it", path);
}

Status PrepareSchema(Connection& connection, const std::string& path) {
  IOLITE_ASSIGN_OR_RETURN(const bool empty, IsEmpty(connection));
  if (!empty) {
    IOLITE_RETURN_IF_ERROR(CheckSchema(connection, path));
    IOLITE_ASSIGN_OR_RETURN(const auto format, connection.Number("PRAGMA user_version"));
    if (format == kFormatNewest) return Status();
  }
  // Looked at again inside: another process may be making the same tables.
  IOLITE_RETURN_IF_ERROR(connection.Execute("BEGIN IMMEDIATE"));
  auto made = UpgradeIfOlder(connection, path);
  if (made.ok()) made = connection.Execute("COMMIT");
  if (connection.in_transaction()) (void)connection.Execute("ROLLBACK");
  return made;
}

}  // namespace iolite::catalog::internal
