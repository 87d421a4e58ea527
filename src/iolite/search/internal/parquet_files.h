#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "iolite/base/status.h"

namespace parquet {
class FileMetaData;
class ParquetFileReader;
}  // namespace parquet

namespace iolite::search::internal {

/// Where a row of a source stands in its files.
struct ParquetPlace {
  int32_t file = 0;
  int32_t row_group = 0;
  int64_t row = 0;  ///< within the row group
};

/// Which file it is, and whether it was written since.
struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;
  int64_t size_bytes = 0;
  int64_t modified_ns = 0;
  bool operator==(const FileIdentity&) const = default;
};

/// The footers of a source's Parquet files, and the columns of single row groups decoded.
///
/// Threads: any number.
class ParquetFiles {
 public:
  /// Reads the footers.
  static Result<std::shared_ptr<const ParquetFiles>> Open(const std::vector<std::string>& paths);

  /// `position` counts the rows of all files in order.
  ParquetPlace Find(int64_t position) const;
  int64_t row_count() const { return row_count_; }
  /// The position of a file's first row.
  int64_t first_row(size_t file) const { return files_[file].first_row; }
  size_t file_count() const { return files_.size(); }

  /// Bytes of a column of a row group before decoding; -1 when the file has no such top-level
  /// column.
  int64_t column_bytes(int32_t file, int32_t row_group, const std::string& column) const;
  /// Decodes a column of a row group as `type`, which is how SQL shows it. kUnimplemented when it
  /// is stored as a type that SQL shows otherwise, kAborted when the file is not the one any more
  /// that was opened.
  Result<std::shared_ptr<arrow::Array>> ReadColumn(
      int32_t file, int32_t row_group, const std::string& column,
      const std::shared_ptr<arrow::DataType>& type) const;
  /// Only the values of some rows (ascending, counted in the row group) of a column of texts or
  /// bytes: a fraction of the time and memory, and nothing that serves other rows. kUnimplemented
  /// for what is stored otherwise.
  Result<std::shared_ptr<arrow::Array>> ReadValues(int32_t file, int32_t row_group,
                                                   const std::string& column,
                                                   const std::shared_ptr<arrow::DataType>& type,
                                                   std::span<const int64_t> rows) const;

 private:
  struct File {
    std::string path;
    FileIdentity identity;
    std::shared_ptr<parquet::FileMetaData> footer;
    int64_t first_row = 0;
    std::vector<int64_t> row_group_ends;  ///< counted within the file
  };
  /// A reader by the footer that is known. kAborted when the file is another one by now.
  static Result<std::unique_ptr<parquet::ParquetFileReader>> OpenKnown(const File& file);

  std::vector<File> files_;
  int64_t row_count_ = 0;
};

/// Whether values stored as `stored` and shown by SQL as `shown` differ in form alone: the same
/// type, other offsets, a dictionary, another time zone's name.
bool SameMeaning(const arrow::DataType& stored, const arrow::DataType& shown);

}  // namespace iolite::search::internal
