#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/progress.h"
#include "iolite/base/status.h"

namespace iolite::sql {

/// What a scalar function answers to a batch: `arguments` all have the same length, and so must the
/// result. Runs on the query's threads.
using ScalarCall = std::function<Result<std::shared_ptr<arrow::Array>>(
    const RequestContext& context, std::span<const std::shared_ptr<arrow::Array>> arguments)>;

/// A scalar SQL function in Arrow terms. Called with batches, never with single rows.
struct ScalarFunction {
  std::string name;
  std::vector<std::shared_ptr<arrow::DataType>> argument_types;
  /// The result's type, from the arguments that are constant in this query (null where not
  /// constant). Runs while the query is bound.
  std::function<Result<std::shared_ptr<arrow::DataType>>(
      std::span<const std::shared_ptr<arrow::Scalar>> constants)>
      bind;
  ScalarCall call;
  /// In place of `call`: makes one for each query, which all threads and all places of that query
  /// share. It may remember what it answered, and goes when the query ends.
  std::function<ScalarCall()> start;
};

struct NamedArgument {
  std::string name;
  std::shared_ptr<arrow::DataType> type;
};

/// A table SQL function in Arrow terms.
struct TableFunction {
  struct Call {
    std::vector<std::shared_ptr<arrow::Scalar>> arguments;
    std::vector<std::pair<std::string, std::shared_ptr<arrow::Scalar>>> named_arguments;
  };
  struct Bound {
    std::shared_ptr<arrow::Schema> schema;
    /// Runs once when the query does; the reader is read by one thread at a time. Steps added to
    /// context.trace appear in EXPLAIN ANALYZE.
    std::function<Result<std::shared_ptr<arrow::RecordBatchReader>>(const RequestContext& context)>
        scan;
    int64_t row_count_estimate = 0;
  };
  std::string name;
  std::vector<std::shared_ptr<arrow::DataType>> argument_types;
  std::vector<NamedArgument> named_arguments;
  /// Runs while the query is bound: checks the arguments and tells the columns.
  std::function<Result<Bound>(const Call& call)> bind;
};

/// A table SQL function over the rows of a subquery, which is its last argument, in Arrow terms.
struct RowsFunction {
  struct Call {
    std::vector<std::shared_ptr<arrow::Scalar>> arguments;  ///< those before the subquery
    std::vector<std::pair<std::string, std::shared_ptr<arrow::Scalar>>> named_arguments;
    std::shared_ptr<arrow::Schema> rows;  ///< the subquery's columns
  };
  struct Bound {
    std::shared_ptr<arrow::Schema> schema;
    /// Answers some rows of the subquery with any number of rows. Runs on the query's threads.
    std::function<Result<std::shared_ptr<arrow::RecordBatch>>(const RequestContext& context,
                                                              const arrow::RecordBatch& rows)>
        transform;
  };
  std::string name;
  std::vector<std::shared_ptr<arrow::DataType>> argument_types;
  std::vector<NamedArgument> named_arguments;
  /// Runs while the query is bound: checks the arguments and tells the columns.
  std::function<Result<Bound>(const Call& call)> bind;
};

/// Tells what a name in a query stands for, when DuckDB has no table of it: a SELECT statement
/// whose rows the name shall have, or nothing. `catalog` and `schema` are empty for a plain name.
using TableResolver = std::function<Result<std::optional<std::string>>(
    std::string_view catalog, std::string_view schema, std::string_view table)>;

struct DatabaseOptions {
  std::string path;  ///< of tables.duckdb; empty for memory
  bool read_only = false;
  int32_t thread_count = 0;
  int64_t memory_bytes_max = 0;  ///< 0: DuckDB's default
  std::string temp_folder;
};

/// What one statement gives: a stream of batches. The session serves no other query until it is
/// drained or gone.
class QueryResult {
 public:
  virtual ~QueryResult() = default;
  virtual std::shared_ptr<arrow::Schema> schema() const = 0;
  /// Null at the end. Errors of the query arrive here too.
  virtual Result<std::shared_ptr<arrow::RecordBatch>> Next() = 0;
};

/// One connection: its transaction and its settings.
///
/// Threads: one at a time.
class Session {
 public:
  virtual ~Session() = default;
  /// Runs one statement, or several separated by `;` of which the last one's rows are answered.
  /// `parameters` fill `?` or `$1`. kInvalidArgument for SQL that does not parse or bind, with the
  /// place.
  virtual Result<std::unique_ptr<QueryResult>> Query(
      const RequestContext& context, std::string_view sql,
      std::vector<std::shared_ptr<arrow::Scalar>> parameters = {},
      const ProgressFunction& progress = nullptr) = 0;
  /// Query, with everything in memory.
  Result<std::shared_ptr<arrow::Table>> QueryTable(
      const RequestContext& context, std::string_view sql,
      std::vector<std::shared_ptr<arrow::Scalar>> parameters = {});
};

/// DuckDB on one file, with our functions and names. The only place that sees its headers.
///
/// Threads: any number may connect.
class Database {
 public:
  static Result<std::unique_ptr<Database>> Open(const DatabaseOptions& options);
  virtual ~Database() = default;
  virtual Status RegisterScalarFunction(ScalarFunction function) = 0;
  virtual Status RegisterTableFunction(TableFunction function) = 0;
  virtual Status RegisterRowsFunction(RowsFunction function) = 0;
  /// Adds a macro, in the words of CREATE MACRO, that belongs to the product and not to the file.
  virtual Status RegisterMacro(std::string_view create_macro) = 0;
  /// Before the first Connect.
  virtual void SetTableResolver(TableResolver resolver) = 0;
  virtual Result<std::unique_ptr<Session>> Connect() = 0;
};

/// `name` as a quoted SQL identifier: `"odd ""name"""`.
std::string QuoteIdentifier(std::string_view name);
/// `text` as a SQL string literal.
std::string QuoteLiteral(std::string_view text);

}  // namespace iolite::sql
