#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>

#include <duckdb/main/client_context_state.hpp>

#include "iolite/base/context.h"
#include "iolite/sql/database.h"
#include "iolite/sql/internal/duckdb_error.h"

namespace iolite::sql {

/// What our functions need of the request that runs on a connection, what they keep while it does,
/// and the errors they answered, so that these reach the caller as they were and not as DuckDB
/// words them.
class RequestState final : public duckdb::ClientContextState {
 public:
  static RequestState& Of(duckdb::ClientContext& context);

  void Begin(const RequestContext& context);
  /// Of the query that runs; changes only between queries.
  const RequestContext& context() const { return context_; }
  /// The call of `function`, which must outlive the query, for the query that runs.
  std::shared_ptr<const ScalarCall> CallOf(const ScalarFunction& function);
  void QueryEnd() override;

  /// Keeps `status` and throws DuckDB an exception that fails this query and nothing else.
  [[noreturn]] void Raise(const Status& status);
  /// The Status for an error of this query: a function's own one where it came from there,
  /// kCancelled or kDeadlineExceeded where the caller asked for it, DuckDB's otherwise.
  Status Explain(const duckdb::ErrorData& error);

 private:
  RequestContext context_;
  std::mutex mutex_;  // guards all below
  std::deque<Status> errors_;
  std::map<const ScalarFunction*, std::shared_ptr<const ScalarCall>> calls_;
};

}  // namespace iolite::sql
