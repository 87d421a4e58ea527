#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>

#include "iolite/columnar/arrow_status.h"
#include "iolite/engine/local_engine.h"

namespace iolite::engine {
namespace {

// A query's rows as an Arrow reader. Keeps the session where the query brought its own.
class QueryReader final : public arrow::RecordBatchReader {
 public:
  QueryReader(std::unique_ptr<sql::QueryResult> result, std::shared_ptr<sql::Session> session)
      : session_(std::move(session)), result_(std::move(result)), schema_(result_->schema()) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    auto next = result_->Next();
    if (!next.ok()) return columnar::ToArrow(next.status());
    *batch = std::move(next).value();
    return arrow::Status::OK();
  }

 private:
  std::shared_ptr<sql::Session> session_;
  std::unique_ptr<sql::QueryResult> result_;
  std::shared_ptr<arrow::Schema> schema_;
};

Result<ArrowStream> Run(std::shared_ptr<sql::Session> session, const RequestContext& context,
                        std::string_view statement, const CallOptions& call) {
  ProgressFunction progress;
  if (call.progress) {
    progress = [report = call.progress](const Progress& at) {
      report("sql", at.rows_done, at.rows_total);
    };
  }
  IOLITE_ASSIGN_OR_RETURN(auto result, session->Query(context, statement, {}, progress));
  auto reader = std::make_shared<QueryReader>(std::move(result), std::move(session));
  ArrowStream stream;
  IOLITE_RETURN_IF_ERROR(columnar::FromArrow(arrow::ExportRecordBatchReader(reader, stream.get())));
  return stream;
}

}  // namespace

/// A connection of the local engine.
class LocalSqlSession final : public SqlSession {
 public:
  using ContextMaker = std::function<RequestContext(const CallOptions&)>;
  LocalSqlSession(std::shared_ptr<sql::Session> session, ContextMaker make_context)
      : session_(std::move(session)), make_context_(std::move(make_context)) {}

  Result<ArrowStream> Query(std::string_view sql, const CallOptions& call) override {
    return Run(session_, make_context_(call), sql, call);
  }

 private:
  std::shared_ptr<sql::Session> session_;
  ContextMaker make_context_;
};

Result<std::unique_ptr<SqlSession>> LocalEngine::Connect() {
  IOLITE_ASSIGN_OR_RETURN(std::shared_ptr<sql::Session> session, database_->Connect());
  return std::make_unique<LocalSqlSession>(
      std::move(session), [this](const CallOptions& call) { return MakeContext(call); });
}

Result<ArrowStream> LocalEngine::Sql(std::string_view sql, const CallOptions& call) {
  IOLITE_ASSIGN_OR_RETURN(std::shared_ptr<sql::Session> session, database_->Connect());
  return Run(std::move(session), MakeContext(call), sql, call);
}

}  // namespace iolite::engine
