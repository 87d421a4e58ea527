#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/status.h"
#include "iolite/segments/object_stream.h"
#include "iolite/storage/object_store.h"

/// The rows file of a segment: Parquet, ZSTD, row groups of 65,536, page checksums.

namespace iolite::segments {

inline constexpr int64_t kRowGroupRowCount = 65'536;

/// Writes a rows file. Holds at most one row group of the batches it was given; they are not
/// copied.
///
/// Threads: one.
class RowsFileWriter {
 public:
  static Result<std::unique_ptr<RowsFileWriter>> Open(storage::ObjectStore& store,
                                                      std::string_view path,
                                                      std::shared_ptr<arrow::Schema> schema);
  virtual ~RowsFileWriter() = default;
  /// `batch` must have the writer's schema and stay unchanged until Seal().
  virtual Status Add(std::shared_ptr<arrow::RecordBatch> batch) = 0;
  virtual Result<ObjectOutputStream::Sealed> Seal() = 0;
  virtual int64_t row_count() const = 0;
};

/// What to read of a rows file.
struct RowsFileRead {
  std::string_view path;
  std::vector<std::string> columns;
  int64_t first_row_group = 0;
};

/// Streams columns of a rows file, in row order, in batches of at most 8,192 rows. kDataLoss,
/// naming the file, when it is damaged.
Status ReadRowsFile(const RequestContext& context, const storage::ObjectStore& store,
                    const RowsFileRead& read,
                    const std::function<Status(const arrow::RecordBatch&)>& visit);

/// The floats of a `vector` column (fixed-size list of `dimension` float32 without nulls), row
/// after row. kInvalidArgument says what is wrong with the column.
Result<const float*> VectorValues(const arrow::Array& column, int32_t dimension);

}  // namespace iolite::segments
