#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "iolite/pipelines/import.h"
#include "iolite/pipelines/internal/converted_file.h"
#include "iolite/pipelines/internal/source_table.h"
#include "iolite/pipelines/internal/vector_file.h"

namespace iolite::pipelines {

/// Where an import's vectors and keys come from.
struct ImportInput {
  std::string vectors_path;  ///< absolute
  SourceTable source;        ///< of which the vectors are
  /// To be registered when the import succeeds; nothing where the source is there.
  std::optional<catalog::SourceEntry> new_source;
  std::string key_column;  ///< in the source
  /// A file with columns, as SQL reads it …
  std::optional<SourceTable> columns;
  std::string vector_column;
  /// … or one of bare vectors, whose rows are the source's in order.
  std::unique_ptr<VectorFile> vectors;
  std::unique_ptr<ConvertedFile> converted;
};

/// Opens the file, finds the source or prepares a new one, and finds the columns. Reads no vectors
/// yet.
Result<ImportInput> OpenImport(const RequestContext& context, const PipelineOptions& options,
                               const ImportRequest& request);

/// Checks keys against each other and against the source, and counts the vectors. kInvalidArgument
/// names the key that is null, repeated, or not in the source.
Result<int64_t> CheckImportKeys(const RequestContext& context, sql::Session& session,
                                const ImportInput& input);

/// A batch of an import.
struct VectorRows {
  std::vector<std::string> row_ids;
  std::vector<float> vectors;
};

/// Reads an import's rows in order.
///
/// Threads: one.
class ImportReader {
 public:
  ImportReader(const ImportInput& input, sql::Session& session)
      : input_(input), session_(session) {}
  /// False at the end. kInvalidArgument names the row, counted from 1, that has no vector, NaN,
  /// infinity or another dimension.
  Result<bool> Next(const RequestContext& context, VectorRows& rows);
  int32_t dimension() const { return dimension_; }

 private:
  Status Start(const RequestContext& context);
  Status ReadVectorColumn(const arrow::Array& column, VectorRows& rows);
  Status ReadVectorFile(int64_t row_count, VectorRows& rows);

  const ImportInput& input_;
  sql::Session& session_;
  std::unique_ptr<sql::QueryResult> result_;
  int64_t next_row_ = 0;
  int32_t dimension_ = 0;
};

}  // namespace iolite::pipelines
