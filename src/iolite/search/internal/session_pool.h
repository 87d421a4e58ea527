#pragma once

#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/sql/database.h"

namespace iolite::search::internal {

/// Connections for the short statements of searches, opened once and used again.
///
/// Threads: any number.
class SessionPool {
 public:
  explicit SessionPool(sql::Database* database) : database_(database) {}

  /// Runs one statement on a free connection; everything in memory. A connection whose statement
  /// failed is not used again.
  Result<std::shared_ptr<arrow::Table>> QueryTable(const RequestContext& context,
                                                   std::string_view sql);
  /// What is wrong with a condition over the rows of `select`, with the place inside the condition;
  /// OK when nothing is.
  Status CheckCondition(const RequestContext& context, std::string_view select,
                        std::string_view alias, std::string_view condition);

 private:
  Result<std::unique_ptr<sql::Session>> Take();
  void Give(std::unique_ptr<sql::Session> session);

  sql::Database* const database_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<sql::Session>> free_;
};

}  // namespace iolite::search::internal
