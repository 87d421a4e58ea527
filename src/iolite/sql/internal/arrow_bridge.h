#pragma once

#include <arrow/type_fwd.h>

#include <memory>

#include <duckdb.hpp>
#include <duckdb/common/arrow/arrow_appender.hpp>
#include <duckdb/function/table/arrow.hpp>

/// Rows between DuckDB's vectors and Arrow's arrays. Everything here throws DuckDB's exceptions,
/// because it is called from DuckDB's callbacks or inside Guard().

namespace iolite::sql {

using Types = duckdb::vector<duckdb::LogicalType>;
using Names = duckdb::vector<duckdb::string>;

duckdb::LogicalType ToLogicalType(duckdb::ClientContext& context, const arrow::DataType& type);
std::shared_ptr<arrow::Schema> ToArrowSchema(duckdb::ClientContext& context, const Types& types,
                                             const Names& names);

duckdb::Value ToValue(duckdb::ClientContext& context, const arrow::Scalar& scalar);
std::shared_ptr<arrow::Scalar> ToScalar(duckdb::ClientContext& context, const duckdb::Value& value);

/// Gathers chunks into one record batch.
class BatchBuilder {
 public:
  BatchBuilder(duckdb::ClientContext& context, Types types, std::shared_ptr<arrow::Schema> schema);

  /// Rows [begin, end) of `chunk`.
  void Append(duckdb::DataChunk& chunk, duckdb::idx_t begin, duckdb::idx_t end);
  duckdb::idx_t row_count() const;
  /// The rows so far; the builder begins anew, with room for as many rows.
  std::shared_ptr<arrow::RecordBatch> Finish();

 private:
  void Start();

  duckdb::ClientContext& context_;
  Types types_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<duckdb::ArrowAppender> appender_;
  duckdb::idx_t capacity_ = STANDARD_VECTOR_SIZE;
};

/// Columns of an Arrow schema as DuckDB reads them.
class ArrowColumns {
 public:
  ArrowColumns(duckdb::ClientContext& context, const arrow::Schema& schema);
  Types& types() const { return table_.GetTypes(); }
  Names& names() const { return table_.GetNames(); }
  const duckdb::arrow_column_map_t& map() const { return table_.GetColumns(); }

 private:
  mutable duckdb::ArrowTableSchema table_;
};

/// Reads record batches chunk by chunk; flat values are shared with the batch, not copied.
class ChunkReader {
 public:
  /// `column_ids` of the columns that are wanted, in their order; empty for all.
  ChunkReader(duckdb::ClientContext& context, const ArrowColumns& columns,
              duckdb::vector<duckdb::column_t> column_ids);

  void SetBatch(const arrow::RecordBatch& batch);
  /// Fills `chunk` with the next rows and returns how many; 0 at the end of the batch.
  duckdb::idx_t Read(duckdb::DataChunk& chunk);

 private:
  const ArrowColumns& columns_;
  duckdb::ArrowScanLocalState state_;
};

}  // namespace iolite::sql
