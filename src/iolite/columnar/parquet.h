#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"

namespace iolite::columnar {

struct ParquetWriteOptions {
  int64_t row_group_row_count = 65'536;
  int zstd_level = 1;
};

/// Writes record batches as a Parquet file: ZSTD, statistics, Arrow's schema kept, so that Arrow
/// readers give fixed-size lists back and all others plain lists.
///
/// Threads: one. Memory: one row group.
class ParquetWriter {
 public:
  /// Called with the pieces of the file, in order. An error stops the writing and is passed on.
  using Sink = std::function<Status(std::string_view bytes)>;

  static Result<std::unique_ptr<ParquetWriter>> Make(std::shared_ptr<arrow::Schema> schema,
                                                     Sink sink,
                                                     const ParquetWriteOptions& options = {});
  virtual ~ParquetWriter() = default;

  virtual Status Write(const arrow::RecordBatch& batch) = 0;
  /// Writes the last rows and the footer. Without it the file is none. The writer is spent.
  virtual Status Finish() = 0;
  virtual int64_t row_count() const = 0;
  virtual int64_t size_bytes() const = 0;  ///< written so far
};

struct ParquetReadOptions {
  std::vector<std::string> columns;  ///< top-level columns, in the file's order; empty for all
  int64_t batch_row_count = 8192;
  bool use_threads = false;  ///< decode columns on Arrow's own threads
  /// Reads a column of a row group in pieces, into the same memory, instead of whole; 0: whole.
  int64_t piece_bytes = 0;
};

/// Streams the rows of a file; memory is that of one row group's chosen columns. kNotFound without
/// the file, kDataLoss, naming it, when it is damaged or no Parquet file (also from the reader, by
/// way of FromArrow()), kInvalidArgument, with those there are, for an unknown column.
Result<std::shared_ptr<arrow::RecordBatchReader>> ReadParquetFile(
    const std::string& path, const ParquetReadOptions& options = {});

/// The same from memory. `name` is for messages. The reader holds `bytes`.
Result<std::shared_ptr<arrow::RecordBatchReader>> ReadParquetBuffer(
    std::shared_ptr<arrow::Buffer> bytes, std::string name, const ParquetReadOptions& options = {});

}  // namespace iolite::columnar
