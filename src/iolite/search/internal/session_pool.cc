#include "iolite/search/internal/session_pool.h"

#include <arrow/table.h>

#include <utility>

#include "iolite/sql/condition.h"

namespace iolite::search::internal {

Result<std::unique_ptr<sql::Session>> SessionPool::Take() {
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      std::unique_ptr<sql::Session> session = std::move(free_.back());
      free_.pop_back();
      return session;
    }
  }
  return database_->Connect();
}

void SessionPool::Give(std::unique_ptr<sql::Session> session) {
  const std::lock_guard lock(mutex_);
  free_.push_back(std::move(session));
}

Result<std::shared_ptr<arrow::Table>> SessionPool::QueryTable(const RequestContext& context,
                                                              std::string_view sql) {
  IOLITE_ASSIGN_OR_RETURN(std::unique_ptr<sql::Session> session, Take());
  IOLITE_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Table> table, session->QueryTable(context, sql));
  Give(std::move(session));
  return table;
}

Status SessionPool::CheckCondition(const RequestContext& context, std::string_view select,
                                   std::string_view alias, std::string_view condition) {
  IOLITE_ASSIGN_OR_RETURN(const std::unique_ptr<sql::Session> session, Take());
  return sql::CheckCondition(context, *session, select, alias, condition);
}

}  // namespace iolite::search::internal
