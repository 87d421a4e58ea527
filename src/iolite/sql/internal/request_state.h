#pragma once

#include <deque>
#include <mutex>

#include <duckdb/main/client_context_state.hpp>

#include "iolite/base/context.h"
#include "iolite/sql/internal/duckdb_error.h"

namespace iolite::sql {

/// What our functions need of the request that runs on a connection, and the errors they answered,
/// so that these reach the caller as they were and not as DuckDB words them.
class RequestState final : public duckdb::ClientContextState {
 public:
  static RequestState& Of(duckdb::ClientContext& context);

  void Begin(const RequestContext& context);
  /// Of the query that runs; changes only between queries.
  const RequestContext& context() const { return context_; }

  /// Keeps `status` and throws DuckDB an exception that fails this query and nothing else.
  [[noreturn]] void Raise(const Status& status);
  /// The Status for an error of this query: a function's own one where it came from there,
  /// kCancelled or kDeadlineExceeded where the caller asked for it, DuckDB's otherwise.
  Status Explain(const duckdb::ErrorData& error);

 private:
  RequestContext context_;
  std::mutex mutex_;  // guards errors_
  std::deque<Status> errors_;
};

}  // namespace iolite::sql
