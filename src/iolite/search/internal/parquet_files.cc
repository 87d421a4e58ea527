#include "iolite/search/internal/parquet_files.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/builder.h>
#include <arrow/compute/cast.h>
#include <arrow/io/file.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <parquet/arrow/reader.h>
#include <parquet/column_reader.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <parquet/schema.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "iolite/columnar/arrow_status.h"

namespace iolite::search::internal {
namespace {

/// Runs what may throw Parquet's exceptions.
template <typename Function>
auto Guarded(const std::string& path, Function&& function) -> decltype(function()) {
  try {
    return function();
  } catch (const std::exception& error) {
    return DataLoss("{} could not be read: {}", path, error.what());
  }
}

Result<std::unique_ptr<parquet::ParquetFileReader>> OpenReader(
    std::shared_ptr<arrow::io::ReadableFile> file, std::shared_ptr<parquet::FileMetaData> footer) {
  return parquet::ParquetFileReader::Open(std::move(file), parquet::default_reader_properties(),
                                          std::move(footer));
}

/// The open file, whatever stands under its name by now.
Result<FileIdentity> Identify(const arrow::io::ReadableFile& file, const std::string& path) {
  struct stat known {};
  if (::fstat(file.file_descriptor(), &known) != 0) {
    return Unavailable("{} could not be looked at: {}", path, std::strerror(errno));
  }
  return FileIdentity{known.st_dev, known.st_ino, known.st_size,
                      known.st_mtim.tv_sec * 1'000'000'000 + known.st_mtim.tv_nsec};
}

/// The leaves that make up a top-level column.
std::vector<int> Leaves(const parquet::FileMetaData& footer, const std::string& column) {
  std::vector<int> leaves;
  for (int leaf = 0; leaf < footer.schema()->num_columns(); ++leaf) {
    if (footer.schema()->GetColumnRoot(leaf)->name() == column) leaves.push_back(leaf);
  }
  return leaves;
}

bool IsText(arrow::Type::type id) {
  return id == arrow::Type::STRING || id == arrow::Type::LARGE_STRING ||
         id == arrow::Type::STRING_VIEW;
}

bool IsBytes(arrow::Type::type id) {
  return id == arrow::Type::BINARY || id == arrow::Type::LARGE_BINARY ||
         id == arrow::Type::BINARY_VIEW;
}

bool IsList(arrow::Type::type id) {
  return id == arrow::Type::LIST || id == arrow::Type::LARGE_LIST ||
         id == arrow::Type::FIXED_SIZE_LIST;
}

bool SameTime(const arrow::DataType& stored, const arrow::DataType& shown) {
  const auto& left = static_cast<const arrow::TimestampType&>(stored);
  const auto& right = static_cast<const arrow::TimestampType&>(shown);
  return left.unit() == right.unit() && left.timezone().empty() == right.timezone().empty();
}

Result<std::shared_ptr<arrow::Array>> AsType(const std::shared_ptr<arrow::Array>& array,
                                             const std::shared_ptr<arrow::DataType>& type,
                                             const std::string& column) {
  if (array->type()->Equals(*type)) return array;
  if (!SameMeaning(*array->type(), *type)) {
    return Unimplemented("Column {} is stored as {} and shown as {}.", column,
                         array->type()->ToString(), type->ToString());
  }
  arrow::Result<std::shared_ptr<arrow::Array>> cast = arrow::compute::Cast(*array, type);
  if (!cast.ok()) return Unimplemented("Column {}: {}", column, cast.status().message());
  return *cast;
}

/// Steps through a flat column of byte arrays and takes some rows.
Status TakeValues(parquet::ByteArrayReader& column, std::span<const int64_t> rows,
                  arrow::BinaryBuilder& out) {
  const int16_t present = column.descr()->max_definition_level();
  int64_t at = 0;
  for (const int64_t row : rows) {
    int16_t level = present;
    int64_t value_count = 0;
    parquet::ByteArray value;
    if (column.Skip(row - at) != row - at ||
        column.ReadBatch(1, &level, nullptr, &value, &value_count) != 1) {
      return DataLoss("it ends before row {} of a row group", row);
    }
    at = row + 1;
    IOLITE_RETURN_IF_ARROW_ERROR(value_count == 1
                                     ? out.Append(value.ptr, static_cast<int32_t>(value.len))
                                     : out.AppendNull());
  }
  return Status::Ok();
}

}  // namespace

bool SameMeaning(const arrow::DataType& stored, const arrow::DataType& shown) {
  const arrow::Type::type from = stored.id();
  const arrow::Type::type to = shown.id();
  if (stored.Equals(shown)) return true;
  if (from == arrow::Type::DICTIONARY) {
    return SameMeaning(*static_cast<const arrow::DictionaryType&>(stored).value_type(), shown);
  }
  if (IsText(from) && IsText(to)) return true;
  if (IsBytes(from) && IsBytes(to)) return true;
  if (from == arrow::Type::TIMESTAMP && to == arrow::Type::TIMESTAMP)
    return SameTime(stored, shown);
  if (IsList(from) && IsList(to)) {
    return SameMeaning(*stored.field(0)->type(), *shown.field(0)->type());
  }
  return false;
}

Result<std::shared_ptr<const ParquetFiles>> ParquetFiles::Open(
    const std::vector<std::string>& paths) {
  auto files = std::make_shared<ParquetFiles>();
  for (const std::string& path : paths) {
    const Status status = Guarded(path, [&]() -> Status {
      IOLITE_ASSIGN_OR_RETURN_ARROW(const auto open, arrow::io::ReadableFile::Open(path));
      IOLITE_ASSIGN_OR_RETURN(const FileIdentity identity, Identify(*open, path));
      IOLITE_ASSIGN_OR_RETURN(const auto reader, OpenReader(open, nullptr));
      File file{path, identity, reader->metadata(), files->row_count_, {}};
      int64_t end = 0;
      for (int group = 0; group < file.footer->num_row_groups(); ++group) {
        end += file.footer->RowGroup(group)->num_rows();
        file.row_group_ends.push_back(end);
      }
      files->row_count_ += end;
      files->files_.push_back(std::move(file));
      return Status::Ok();
    });
    IOLITE_RETURN_IF_ERROR(status);
  }
  return std::shared_ptr<const ParquetFiles>(std::move(files));
}

ParquetPlace ParquetFiles::Find(int64_t position) const {
  const auto after = std::ranges::upper_bound(files_, position, {}, &File::first_row);
  const auto file = after - 1;
  const int64_t row = position - file->first_row;
  const auto group = std::ranges::upper_bound(file->row_group_ends, row);
  const int64_t begin = group == file->row_group_ends.begin() ? 0 : *(group - 1);
  return {static_cast<int32_t>(file - files_.begin()),
          static_cast<int32_t>(group - file->row_group_ends.begin()), row - begin};
}

int64_t ParquetFiles::column_bytes(int32_t file, int32_t row_group,
                                   const std::string& column) const {
  const parquet::FileMetaData& footer = *files_[static_cast<size_t>(file)].footer;
  const std::vector<int> leaves = Leaves(footer, column);
  if (leaves.empty()) return -1;
  int64_t bytes = 0;
  for (const int leaf : leaves) {
    bytes += footer.RowGroup(row_group)->ColumnChunk(leaf)->total_uncompressed_size();
  }
  return bytes;
}

Result<std::unique_ptr<parquet::ParquetFileReader>> ParquetFiles::OpenKnown(const File& file) {
  IOLITE_ASSIGN_OR_RETURN_ARROW(const auto open, arrow::io::ReadableFile::Open(file.path));
  IOLITE_ASSIGN_OR_RETURN(const FileIdentity identity, Identify(*open, file.path));
  // The footer of another file would give its bytes a meaning that they do not have.
  if (identity != file.identity) {
    return Aborted("{} changed while it was read. Search again.", file.path);
  }
  return OpenReader(open, file.footer);
}

Result<std::shared_ptr<arrow::Array>> ParquetFiles::ReadColumn(
    int32_t file_number, int32_t row_group, const std::string& column,
    const std::shared_ptr<arrow::DataType>& type) const {
  const File& file = files_[static_cast<size_t>(file_number)];
  using ArrayResult = Result<std::shared_ptr<arrow::Array>>;
  return Guarded(file.path, [&]() -> ArrayResult {
    IOLITE_ASSIGN_OR_RETURN(auto parquet_reader, OpenKnown(file));
    parquet::ArrowReaderProperties properties;
    // One column is one read: Arrow's threads would only make a search wait for them.
    properties.set_pre_buffer(false);
    IOLITE_ASSIGN_OR_RETURN_ARROW(
        const auto reader, parquet::arrow::FileReader::Make(arrow::default_memory_pool(),
                                                            std::move(parquet_reader), properties));
    IOLITE_ASSIGN_OR_RETURN_ARROW(const std::shared_ptr<arrow::Table> table,
                                  reader->ReadRowGroup(row_group, Leaves(*file.footer, column)));
    if (table->num_columns() != 1) return Unimplemented("Column {} is not one column.", column);
    const arrow::ArrayVector& chunks = table->column(0)->chunks();
    std::shared_ptr<arrow::Array> array;
    if (chunks.size() == 1) {
      array = chunks[0];  // spares a copy
    } else {
      IOLITE_ASSIGN_OR_RETURN_ARROW(array, arrow::Concatenate(chunks));
    }
    if (array->length() != file.footer->RowGroup(row_group)->num_rows()) {
      return DataLoss("{}: column {} has {} rows in row group {}, which has {}.", file.path, column,
                      array->length(), row_group, file.footer->RowGroup(row_group)->num_rows());
    }
    return AsType(array, type, column);
  });
}

Result<std::shared_ptr<arrow::Array>> ParquetFiles::ReadValues(
    int32_t file_number, int32_t row_group, const std::string& column,
    const std::shared_ptr<arrow::DataType>& type, std::span<const int64_t> rows) const {
  const File& file = files_[static_cast<size_t>(file_number)];
  const std::vector<int> leaves = Leaves(*file.footer, column);
  const bool known = type->id() == arrow::Type::STRING || type->id() == arrow::Type::BINARY;
  using ArrayResult = Result<std::shared_ptr<arrow::Array>>;
  return Guarded(file.path, [&]() -> ArrayResult {
    const auto unfit = [&] { return Unimplemented("Column {} is not plain text.", column); };
    if (leaves.size() != 1 || !known) return unfit();
    const parquet::ColumnDescriptor* stored = file.footer->schema()->Column(leaves[0]);
    const bool as_shown =
        stored->logical_type()->is_string() == (type->id() == arrow::Type::STRING);
    if (stored->physical_type() != parquet::Type::BYTE_ARRAY || !as_shown ||
        stored->max_repetition_level() > 0 || stored->path()->ToDotVector().size() != 1) {
      return unfit();
    }
    IOLITE_ASSIGN_OR_RETURN(const auto reader, OpenKnown(file));
    const auto values = reader->RowGroup(row_group)->Column(leaves[0]);
    IOLITE_ASSIGN_OR_RETURN_ARROW(const auto builder, arrow::MakeBuilder(type));
    const Status taken = TakeValues(static_cast<parquet::ByteArrayReader&>(*values), rows,
                                    static_cast<arrow::BinaryBuilder&>(*builder));
    if (!taken.ok()) return taken.WithContext(file.path);
    IOLITE_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> array, builder->Finish());
    return array;
  });
}

}  // namespace iolite::search::internal
