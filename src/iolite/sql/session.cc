#include <arrow/scalar.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <duckdb/parser/parsed_data/create_info.hpp>
#include <duckdb/parser/statement/create_statement.hpp>

#include "iolite/sql/internal/arrow_bridge.h"
#include "iolite/sql/internal/functions.h"
#include "iolite/sql/internal/session_state.h"

namespace iolite::sql {
namespace {

using Values = duckdb::vector<duckdb::Value>;
using Rows = duckdb::unique_ptr<duckdb::QueryResult>;
using Statement = duckdb::unique_ptr<duckdb::SQLStatement>;
using duckdb::PendingExecutionResult;

constexpr auto kProgressInterval = std::chrono::milliseconds(20);
constexpr int kSpinsBeforeSleep = 64;
constexpr auto kSleepWithoutTasks = std::chrono::microseconds(50);

// Extensions come over the network and run as we do.
Status CheckAllowed(const duckdb::SQLStatement& statement, bool read_only) {
  // In a database in memory DuckDB would make the table, and it would be gone with the process.
  if (read_only && statement.type == duckdb::StatementType::CREATE_STATEMENT &&
      !statement.Cast<duckdb::CreateStatement>().info->temporary) {
    return PermissionDenied(
        "SQL tables cannot be changed: the database was opened for reading only");
  }
  if (statement.type != duckdb::StatementType::LOAD_STATEMENT) return Status::Ok();
  return Unimplemented(
      "INSTALL and LOAD are not supported: extensions are neither downloaded nor "
      "loaded; parquet, csv, json and icu are built in");
}

// Only what reads is streamed; what writes is finished before it is answered.
bool Streams(const duckdb::SQLStatement& statement) {
  return statement.type == duckdb::StatementType::SELECT_STATEMENT;
}

class ProgressReporter {
 public:
  ProgressReporter(duckdb::ClientContext& context, const ProgressFunction& report)
      : context_(context), report_(report) {
    context_.config.enable_progress_bar = report_ != nullptr;
    context_.config.print_progress_bar = false;
    context_.config.wait_time = 0;
  }

  void Update() {
    if (!report_) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < kProgressInterval) return;
    last_ = now;
    duckdb::QueryProgress progress = context_.GetQueryProgress();
    report_({static_cast<int64_t>(progress.GetRowsProcesseed()),
             static_cast<int64_t>(progress.GetTotalRowsToProcess())});
  }

 private:
  duckdb::ClientContext& context_;
  const ProgressFunction& report_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

class DuckDbSession final : public Session {
 public:
  explicit DuckDbSession(std::shared_ptr<DatabaseState> database)
      : state_(std::make_shared<SessionState>(std::move(database))) {}

  Result<std::unique_ptr<QueryResult>> Query(const RequestContext& context, std::string_view sql,
                                             std::vector<std::shared_ptr<arrow::Scalar>> parameters,
                                             const ProgressFunction& progress) override {
    if (state_->busy) {
      return FailedPrecondition(
          "This session still answers another query: read it to its end or drop it first");
    }
    IOLITE_RETURN_IF_ERROR(context.Check());
    state_->request().Begin(context);
    Watchdog::Scope watch(state_->database->watchdog, context,
                          [this] { state_->connection.Interrupt(); });
    try {
      return Run(context, std::string(sql), parameters, progress);
    } catch (const std::exception& exception) {
      return state_->request().Explain(duckdb::ErrorData(exception));
    }
  }

 private:
  Result<std::unique_ptr<QueryResult>> Run(
      const RequestContext& context, const std::string& sql,
      const std::vector<std::shared_ptr<arrow::Scalar>>& parameters,
      const ProgressFunction& progress) {
    auto statements = state_->connection.ExtractStatements(sql);
    if (statements.empty()) return InvalidArgument("The SQL text has no statement");
    for (const auto& statement : statements) {
      IOLITE_RETURN_IF_ERROR(CheckAllowed(*statement, state_->database->read_only));
      IOLITE_RETURN_IF_ERROR(CheckNewName(state_->database->resolver, *statement));
    }
    Values values;
    for (const auto& scalar : parameters) values.push_back(ToValue(state_->context(), *scalar));
    Rows rows;
    for (auto& statement : statements) {
      const bool last = &statement == &statements.back();
      Values none;
      IOLITE_ASSIGN_OR_RETURN(
          rows, Execute(context, std::move(statement), last ? values : none, last, progress));
    }
    return MakeQueryResult(state_, std::move(rows));
  }

  Result<Rows> Execute(const RequestContext& context, Statement statement, Values& values,
                       bool last, const ProgressFunction& progress) {
    const duckdb::QueryParameters how(last && Streams(*statement));
    ProgressReporter reporter(state_->context(), progress);
    // Kept for the message, because DuckDB takes the statement itself.
    const Statement copy = Streams(*statement) ? nullptr : statement->Copy();
    auto pending = values.empty()
                       ? state_->connection.PendingQuery(std::move(statement), how)
                       : state_->connection.PendingQuery(std::move(statement), values, how);
    if (pending->HasError()) {
      const Status error = state_->request().Explain(pending->GetErrorObject());
      return copy ? ExplainWriteToSource(state_->database->resolver, *copy, error) : error;
    }
    IOLITE_RETURN_IF_ERROR(Drive(context, *pending, reporter));
    Rows rows = pending->Execute();
    if (rows->HasError()) return state_->request().Explain(rows->GetErrorObject());
    return rows;
  }

  // Works on the query until its first rows are there.
  Status Drive(const RequestContext& context, duckdb::PendingQueryResult& pending,
               ProgressReporter& reporter) {
    for (int spins = 0;;) {
      const PendingExecutionResult state = pending.ExecuteTask();
      if (state == PendingExecutionResult::EXECUTION_ERROR) {
        return state_->request().Explain(pending.GetErrorObject());
      }
      if (duckdb::PendingQueryResult::IsResultReady(state)) return Status::Ok();
      // DuckDB ends the query itself, so that nothing of it runs on once we answer.
      if (!context.Check().ok()) state_->connection.Interrupt();
      reporter.Update();
      const bool idle = state == PendingExecutionResult::NO_TASKS_AVAILABLE ||
                        state == PendingExecutionResult::BLOCKED;
      spins = idle ? spins + 1 : 0;
      if (spins > kSpinsBeforeSleep) std::this_thread::sleep_for(kSleepWithoutTasks);
    }
  }

  std::shared_ptr<SessionState> state_;
};

}  // namespace

std::unique_ptr<Session> MakeSession(std::shared_ptr<DatabaseState> database) {
  return std::make_unique<DuckDbSession>(std::move(database));
}

}  // namespace iolite::sql
