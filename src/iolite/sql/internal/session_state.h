#pragma once

#include <memory>

#include "iolite/sql/internal/database_state.h"
#include "iolite/sql/internal/request_state.h"

namespace iolite::sql {

/// One connection, kept alive by its session and by the result that is being read.
struct SessionState {
  explicit SessionState(std::shared_ptr<DatabaseState> shared)
      : database(std::move(shared)), connection(*database->database) {}

  duckdb::ClientContext& context() { return *connection.context; }
  RequestState& request() { return RequestState::Of(context()); }

  std::shared_ptr<DatabaseState> database;
  duckdb::Connection connection;
  bool busy = false;  ///< a result is open
};

/// A result that reads `rows` and frees the session at its end.
Result<std::unique_ptr<QueryResult>> MakeQueryResult(std::shared_ptr<SessionState> session,
                                                     duckdb::unique_ptr<duckdb::QueryResult> rows);

std::unique_ptr<Session> MakeSession(std::shared_ptr<DatabaseState> database);

}  // namespace iolite::sql
