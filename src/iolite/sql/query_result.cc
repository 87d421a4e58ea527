#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "iolite/columnar/arrow_status.h"
#include "iolite/sql/internal/arrow_bridge.h"
#include "iolite/sql/internal/session_state.h"

namespace iolite::sql {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Batches grow while rows come quickly; slow rows (a model at work) are handed on as they come.
constexpr int64_t kBatchRowsMax = 8 * 1024;
constexpr int64_t kBatchBytesMax = 2 << 20;
constexpr auto kBatchWait = std::chrono::milliseconds(10);
// Arrow's strings have offsets of 32 bits.
constexpr int64_t kStringBytesMax = int64_t{1} << 30;

int64_t StringBytes(duckdb::DataChunk& chunk) {
  int64_t bytes = 0;
  for (duckdb::Vector& column : chunk.data) {
    if (column.GetType().InternalType() != duckdb::PhysicalType::VARCHAR) continue;
    duckdb::UnifiedVectorFormat format;
    column.ToUnifiedFormat(chunk.size(), format);
    const auto* strings = duckdb::UnifiedVectorFormat::GetData<duckdb::string_t>(format);
    if (!format.sel->IsSet() && format.validity.AllValid()) {
      for (duckdb::idx_t row = 0; row < chunk.size(); ++row) bytes += strings[row].GetSize();
      continue;
    }
    for (duckdb::idx_t row = 0; row < chunk.size(); ++row) {
      const duckdb::idx_t index = format.sel->get_index(row);
      if (format.validity.RowIsValid(index)) bytes += strings[index].GetSize();
    }
  }
  return bytes;
}

// Bytes of one row without its strings; a list counts as one value.
int64_t FixedBytes(const duckdb::LogicalType& type) {
  switch (type.InternalType()) {
    case duckdb::PhysicalType::ARRAY:
      return static_cast<int64_t>(duckdb::ArrayType::GetSize(type)) *
             FixedBytes(duckdb::ArrayType::GetChildType(type));
    case duckdb::PhysicalType::LIST: return 64;
    case duckdb::PhysicalType::STRUCT: {
      int64_t bytes = 0;
      for (const auto& child : duckdb::StructType::GetChildTypes(type)) {
        bytes += FixedBytes(child.second);
      }
      return bytes;
    }
    default: return static_cast<int64_t>(duckdb::GetTypeIdSize(type.InternalType()));
  }
}

class StreamedResult final : public QueryResult {
 public:
  StreamedResult(std::shared_ptr<SessionState> session,
                 duckdb::unique_ptr<duckdb::QueryResult> rows)
      : session_(std::move(session)), rows_(std::move(rows)) {
    Names names = rows_->names;
    duckdb::QueryResult::DeduplicateColumns(names);
    schema_ = ToArrowSchema(session_->context(), rows_->types, names);
    builder_ = std::make_unique<BatchBuilder>(session_->context(), rows_->types, schema_);
    for (const auto& type : rows_->types) row_bytes_ += FixedBytes(type);
    session_->busy = true;
  }
  ~StreamedResult() override { Close(); }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    if (!rows_) return status_.ok() ? Batch(nullptr) : Batch(status_);
    const RequestContext context = session_->request().context();
    Watchdog::Scope watch(session_->database->watchdog, context,
                          [this] { session_->connection.Interrupt(); });
    auto batch = Guard([&] { return Read(context); });
    if (!batch.ok()) status_ = batch.status();
    if (!batch.ok() || !*batch) Close();
    return batch;
  }

 private:
  using Batch = Result<std::shared_ptr<arrow::RecordBatch>>;

  Batch Read(const RequestContext& context) {
    IOLITE_RETURN_IF_ERROR(context.Check());
    const auto start = SteadyClock::now();
    int64_t bytes = 0;
    while (true) {
      if (!chunk_ && !ended_) IOLITE_RETURN_IF_ERROR(Fetch());
      if (!chunk_) return builder_->row_count() > 0 ? Batch(builder_->Finish()) : Batch(nullptr);
      const int64_t chunk_bytes = StringBytes(*chunk_);
      if (chunk_bytes > kStringBytesMax) return ReadPart();
      if (builder_->row_count() > 0 && bytes + chunk_bytes > kBatchBytesMax) break;
      bytes += chunk_bytes + row_bytes_ * static_cast<int64_t>(chunk_->size());
      builder_->Append(*chunk_, 0, chunk_->size());
      chunk_.reset();
      const bool full =
          static_cast<int64_t>(builder_->row_count()) >= kBatchRowsMax || bytes >= kBatchBytesMax;
      if (first_ || full || SteadyClock::now() - start > kBatchWait) break;
    }
    first_ = false;
    return builder_->Finish();
  }

  // Of a chunk whose strings do not fit one batch, the rows that do.
  Batch ReadPart() {
    if (builder_->row_count() > 0) return builder_->Finish();
    const duckdb::idx_t step = std::max<duckdb::idx_t>(1, chunk_->size() / 16);
    const duckdb::idx_t end = std::min(chunk_->size(), part_begin_ + step);
    builder_->Append(*chunk_, part_begin_, end);
    part_begin_ = end;
    if (part_begin_ == chunk_->size()) {
      chunk_.reset();
      part_begin_ = 0;
    }
    return builder_->Finish();
  }

  Status Fetch() {
    chunk_ = rows_->FetchRaw();
    if (rows_->HasError()) return session_->request().Explain(rows_->GetErrorObject());
    if (chunk_ && chunk_->size() == 0) chunk_.reset();
    ended_ = !chunk_;
    return Status::Ok();
  }

  // An open stream holds the connection's transaction.
  void Close() {
    if (!rows_) return;
    chunk_.reset();
    if (!ended_) Abandon();
    rows_.reset();
    session_->busy = false;
  }

  // DuckDB would work on, for nobody, until the connection's next query. In a transaction of the
  // caller's it may, because an interrupted query ends the transaction too.
  void Abandon() {
    if (rows_->type != duckdb::QueryResultType::STREAM_RESULT || rows_->HasError()) return;
    if (!session_->connection.IsAutoCommit()) return;
    session_->connection.Interrupt();
    try {
      rows_->FetchRaw();
    } catch (const std::exception&) {  // it says that it was interrupted
    }
  }

  std::shared_ptr<SessionState> session_;
  duckdb::unique_ptr<duckdb::QueryResult> rows_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<BatchBuilder> builder_;
  duckdb::unique_ptr<duckdb::DataChunk> chunk_;
  duckdb::idx_t part_begin_ = 0;
  int64_t row_bytes_ = 0;
  bool first_ = true;
  bool ended_ = false;
  Status status_;
};

}  // namespace

Result<std::unique_ptr<QueryResult>> MakeQueryResult(std::shared_ptr<SessionState> session,
                                                     duckdb::unique_ptr<duckdb::QueryResult> rows) {
  return std::unique_ptr<QueryResult>(
      std::make_unique<StreamedResult>(std::move(session), std::move(rows)));
}

Result<std::shared_ptr<arrow::Table>> Session::QueryTable(
    const RequestContext& context, std::string_view sql,
    std::vector<std::shared_ptr<arrow::Scalar>> parameters) {
  IOLITE_ASSIGN_OR_RETURN(auto result, Query(context, sql, std::move(parameters)));
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  while (true) {
    IOLITE_ASSIGN_OR_RETURN(auto batch, result->Next());
    if (!batch) break;
    batches.push_back(std::move(batch));
  }
  return columnar::FromArrow(arrow::Table::FromRecordBatches(result->schema(), batches));
}

}  // namespace iolite::sql
