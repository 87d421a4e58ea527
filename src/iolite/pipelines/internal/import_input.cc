#include "iolite/pipelines/internal/import_input.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "iolite/base/hash.h"
#include "iolite/columnar/vector_array.h"
#include "iolite/sql/source.h"

namespace iolite::pipelines {
namespace {

constexpr std::string_view kRowNumberColumn = "id";

enum class FileKind { kParquet, kArrow, kVectors };

Result<FileKind> KindOf(std::string_view path) {
  auto ends = [&](std::string_view ending) { return path.ends_with(ending); };
  if (ends(".parquet") || ends(".pq")) return FileKind::kParquet;
  if (ends(".arrow") || ends(".feather") || ends(".ipc")) return FileKind::kArrow;
  if (VectorFile::Reads(path)) return FileKind::kVectors;
  return InvalidArgument(
      "{} is no file of vectors: endings are .parquet, .arrow, .npy, .fvecs, .bvecs", path);
}

SourceTable TableOf(const catalog::SourceEntry& entry, std::string name) {
  SourceTable table{.name = std::move(name),
                    .from = fmt::format("({})", sql::SourceSelect(entry)),
                    .inputs = InputsOf(entry)};
  for (const auto& column : entry.columns) table.columns.push_back(column.name);
  return table;
}

// A name for a converted file: that of the source, or one of its own beside it.
std::string ConvertedName(const ImportRequest& request, const ImportInput& input, bool is_new) {
  if (is_new) return request.source;
  return fmt::format("{}-{}", request.source, Sha256Hex(input.vectors_path).substr(0, 8));
}

// The Parquet file that holds the columns of the import.
Result<std::string> ColumnsPath(const RequestContext& context, const PipelineOptions& options,
                                const ImportRequest& request, FileKind kind, bool is_new,
                                ImportInput& input) {
  if (kind == FileKind::kParquet) return input.vectors_path;
  std::string name = ConvertedName(request, input, is_new);
  if (kind == FileKind::kArrow) {
    IOLITE_ASSIGN_OR_RETURN(
        input.converted, ConvertedFile::OfArrow(context, options.store, name, input.vectors_path));
  } else {
    std::string_view key = request.key.empty() ? kRowNumberColumn : std::string_view(request.key);
    IOLITE_ASSIGN_OR_RETURN(
        input.converted,
        ConvertedFile::OfRowNumbers(options.store, name, key, input.vectors->row_count()));
  }
  return input.converted->local_path();
}

// The entry of a Parquet file, whether it will be registered or not.
Result<catalog::SourceEntry> ReadColumns(const RequestContext& context,
                                         const PipelineOptions& options, const std::string& source,
                                         const std::string& path) {
  std::string pattern;
  for (char c : path) {
    bool special = c == '*' || c == '?' || c == '[';
    pattern += special ? std::string{'[', c, ']'} : std::string(1, c);
  }
  return sql::ReadSource(context, *options.database,
                         {.name = source, .patterns = {pattern}, .format = "parquet"});
}

Status NeedsKey(const ImportRequest& request) {
  return InvalidArgument(
      "Name the key with which the rows of {} belong to '{}': a column that tells rows apart",
      request.vectors_path, request.source);
}

Status FindColumns(const ImportRequest& request, ImportInput& input) {
  std::string key = request.key;
  if (key.empty() && input.vectors && input.new_source) key = kRowNumberColumn;
  if (key.empty()) return NeedsKey(request);
  IOLITE_ASSIGN_OR_RETURN(input.key_column, FindColumn(input.source, key));
  if (!input.columns) return Status::Ok();
  IOLITE_RETURN_IF_ERROR(FindColumn(*input.columns, key).status());
  IOLITE_ASSIGN_OR_RETURN(input.vector_column, FindColumn(*input.columns, request.column));
  return Status::Ok();
}

Status MissingFromSource(const RequestContext& context, sql::Session& session,
                         const ImportInput& input) {
  std::string key = sql::QuoteIdentifier(input.key_column);
  IOLITE_ASSIGN_OR_RETURN(
      auto missing,
      session.QueryTable(
          context,
          fmt::format("SELECT key FROM (SELECT {0}::VARCHAR AS key FROM {1}) AS v ANTI JOIN "
                      "(SELECT {0}::VARCHAR AS key FROM {2}) AS s USING (key) LIMIT 1",
                      key, input.columns->from, input.source.from)));
  if (missing->num_rows() == 0) return Status::Ok();
  return InvalidArgument("{} has a vector for the key '{}', which '{}' does not have",
                         input.vectors_path, (*missing->column(0)->GetScalar(0))->ToString(),
                         input.source.name);
}

}  // namespace

Result<ImportInput> OpenImport(const RequestContext& context, const PipelineOptions& options,
                               const ImportRequest& request) {
  if (request.source.empty()) return InvalidArgument("Name the source that the vectors belong to");
  IOLITE_ASSIGN_OR_RETURN(auto kind, KindOf(request.vectors_path));
  ImportInput input;
  input.vectors_path = std::filesystem::absolute(request.vectors_path).lexically_normal();
  if (kind == FileKind::kVectors) {
    IOLITE_ASSIGN_OR_RETURN(input.vectors, VectorFile::Open(input.vectors_path));
  }
  auto source = FindSourceTable(context, options, request.source);
  bool is_new = source.status().code() == StatusCode::kNotFound &&
                !options.catalog->GetSource(request.source).ok();
  if (!source.ok() && !is_new) return source.status();
  if (is_new || !input.vectors) {
    IOLITE_ASSIGN_OR_RETURN(auto path, ColumnsPath(context, options, request, kind, is_new, input));
    IOLITE_ASSIGN_OR_RETURN(auto entry, ReadColumns(context, options, request.source, path));
    if (is_new) input.new_source = entry;
    if (is_new) source = TableOf(entry, request.source);
    if (!input.vectors) input.columns = TableOf(entry, request.vectors_path);
  }
  input.source = std::move(*source);
  IOLITE_RETURN_IF_ERROR(FindColumns(request, input));
  return input;
}

Result<int64_t> CheckImportKeys(const RequestContext& context, sql::Session& session,
                                const ImportInput& input) {
  const SourceTable& keys = input.columns ? *input.columns : input.source;
  IOLITE_ASSIGN_OR_RETURN(int64_t row_count, CheckKeys(context, session, keys, input.key_column));
  if (input.vectors && input.vectors->row_count() != row_count) {
    return InvalidArgument("{} has {} vectors, '{}' has {} rows", input.vectors_path,
                           input.vectors->row_count(), input.source.name, row_count);
  }
  if (input.columns && !input.new_source) {
    IOLITE_RETURN_IF_ERROR(MissingFromSource(context, session, input));
  }
  return row_count;
}

Status ImportReader::Start(const RequestContext& context) {
  std::string key = sql::QuoteIdentifier(input_.key_column);
  std::string query =
      input_.columns ? fmt::format("SELECT {}::VARCHAR, {}::FLOAT[] FROM {}", key,
                                   sql::QuoteIdentifier(input_.vector_column), input_.columns->from)
                     : fmt::format("SELECT {}::VARCHAR FROM {}", key, input_.source.from);
  auto result = session_.Query(context, query);
  if (result.status().code() == StatusCode::kInvalidArgument && input_.columns) {
    return result.status().WithContext(fmt::format("'{}' of {} cannot be read as vectors",
                                                   input_.vector_column, input_.vectors_path));
  }
  if (!result.ok()) return result.status();
  result_ = std::move(*result);
  return Status::Ok();
}

Result<bool> ImportReader::Next(const RequestContext& context, VectorRows& rows) {
  IOLITE_RETURN_IF_ERROR(context.Check());
  if (!result_) IOLITE_RETURN_IF_ERROR(Start(context));
  IOLITE_ASSIGN_OR_RETURN(auto batch, result_->Next());
  if (!batch) return false;
  if (batch->column(0)->type_id() != arrow::Type::STRING) return Internal("keys are no strings");
  const auto& keys = static_cast<const arrow::StringArray&>(*batch->column(0));
  rows.row_ids.clear();
  for (int64_t row = 0; row < keys.length(); ++row) rows.row_ids.push_back(keys.GetString(row));
  Status read = input_.vectors ? ReadVectorFile(batch->num_rows(), rows)
                               : ReadVectorColumn(*batch->column(1), rows);
  if (!read.ok()) return read.WithContext(input_.vectors_path);
  next_row_ += batch->num_rows();
  return true;
}

Status ImportReader::ReadVectorColumn(const arrow::Array& column, VectorRows& rows) {
  IOLITE_ASSIGN_OR_RETURN(auto block, columnar::ReadVectors(column, dimension_, next_row_ + 1));
  if (block.dimension == 0) return InvalidArgument("Row {} has an empty vector", next_row_ + 1);
  dimension_ = block.dimension;
  IOLITE_RETURN_IF_ERROR(columnar::CheckFinite(block, next_row_ + 1));
  rows.vectors.assign(block.values.begin(), block.values.end());
  return Status::Ok();
}

Status ImportReader::ReadVectorFile(int64_t row_count, VectorRows& rows) {
  if (next_row_ + row_count > input_.vectors->row_count()) {
    return Aborted("'{}' changed while it was read. Run again", input_.source.name);
  }
  dimension_ = input_.vectors->dimension();
  rows.vectors.resize(static_cast<size_t>(row_count) * static_cast<size_t>(dimension_));
  input_.vectors->Read(next_row_, rows.vectors);
  columnar::VectorBlock block{
      .dimension = dimension_, .row_count = row_count, .values = rows.vectors};
  return columnar::CheckFinite(block, next_row_ + 1);
}

}  // namespace iolite::pipelines
