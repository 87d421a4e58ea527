#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "iolite/base/context.h"
#include "iolite/pipelines/embed.h"

namespace iolite::pipelines {

/// A Parquet file in the database, `imports/<name>.parquet`, made of a file that SQL cannot read.
/// Goes with this unless it is kept.
///
/// Threads: one.
class ConvertedFile {
 public:
  /// The rows of an Arrow IPC file or stream. kInvalidArgument names a file that is none.
  static Result<std::unique_ptr<ConvertedFile>> OfArrow(const RequestContext& context,
                                                        storage::ObjectStore* store,
                                                        std::string_view name,
                                                        const std::string& arrow_path);
  /// One column, `key_column`, of the numbers from 0 on.
  static Result<std::unique_ptr<ConvertedFile>> OfRowNumbers(storage::ObjectStore* store,
                                                             std::string_view name,
                                                             std::string_view key_column,
                                                             int64_t row_count);
  ~ConvertedFile();

  const std::string& local_path() const { return local_path_; }
  void Keep() { kept_ = true; }

 private:
  explicit ConvertedFile(storage::ObjectStore& store) : store_(store) {}
  static Result<std::unique_ptr<ConvertedFile>> Write(const RequestContext& context,
                                                      storage::ObjectStore* store,
                                                      std::string_view name,
                                                      arrow::RecordBatchReader& rows);

  storage::ObjectStore& store_;
  std::string path_, local_path_;
  bool kept_ = false;
};

}  // namespace iolite::pipelines
