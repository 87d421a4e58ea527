#include "iolite/catalog/internal/rows.h"

namespace iolite::catalog::internal {
namespace {

Status NoSuchRun(std::string_view id) {
  return NotFound("There is no run '{}'. `iolite eval list` names those there are", id);
}

EvalRunEntry EntryOf(const Statement& row) {
  EvalRunEntry run;
  run.id = row.Text(0);
  run.name = row.Text(1);
  run.task = row.Text(2);
  run.target = row.Text(3);
  run.options_json = row.Text(4);
  run.queries_path = row.Text(5);
  run.judgements = row.Text(6);
  run.query_count = row.Int(7);
  run.figures_json = row.Text(8);
  run.answers_sha256 = row.Text(9);
  run.created_us = row.Int(10);
  return run;
}

/// A reader meets files that nobody opened for writing since the table exists.
Result<bool> HasRuns(Connection& connection) {
  IOLITE_ASSIGN_OR_RETURN(
      const int64_t count,
      connection.Number("SELECT count(*) FROM sqlite_schema WHERE name = 'eval_runs'"));
  return count > 0;
}

}  // namespace

Status InsertEvalRun(Connection& connection, const EvalRunEntry& run) {
  if (SelectEvalRun(connection, run.id).ok()) {
    return AlreadyExists("There is already a run '{}'", run.id);
  }
  IOLITE_ASSIGN_OR_RETURN(
      auto statement,
      connection.Prepare("INSERT INTO eval_runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  statement.Bind(run.id, run.name, run.task, run.target, run.options_json, run.queries_path,
                 run.judgements, run.query_count, run.figures_json, run.answers_sha256,
                 run.created_us);
  return statement.Run();
}

Result<EvalRunEntry> SelectEvalRun(Connection& connection, std::string_view id) {
  IOLITE_ASSIGN_OR_RETURN(const bool there, HasRuns(connection));
  if (!there) return NoSuchRun(id);
  IOLITE_ASSIGN_OR_RETURN(auto row, connection.Prepare("SELECT * FROM eval_runs WHERE id = ?"));
  IOLITE_ASSIGN_OR_RETURN(const bool found, row.Bind(id).Step());
  if (!found) return NoSuchRun(id);
  return EntryOf(row);
}

Result<std::vector<EvalRunEntry>> SelectEvalRuns(Connection& connection) {
  std::vector<EvalRunEntry> runs;
  IOLITE_ASSIGN_OR_RETURN(const bool there, HasRuns(connection));
  if (!there) return runs;
  IOLITE_ASSIGN_OR_RETURN(
      auto row, connection.Prepare("SELECT * FROM eval_runs ORDER BY created_us DESC, rowid DESC"));
  while (true) {
    IOLITE_ASSIGN_OR_RETURN(const bool more, row.Step());
    if (!more) return runs;
    runs.push_back(EntryOf(row));
  }
}

Status DeleteEvalRun(Connection& connection, std::string_view id) {
  IOLITE_ASSIGN_OR_RETURN(auto statement, connection.Prepare("DELETE FROM eval_runs WHERE id = ?"));
  IOLITE_RETURN_IF_ERROR(statement.Bind(id).Run());
  return connection.change_count() == 0 ? NoSuchRun(id) : Status();
}

}  // namespace iolite::catalog::internal
