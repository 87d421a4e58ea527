#pragma once

#include <string>
#include <vector>

#include "iolite/pipelines/embed.h"

namespace iolite::pipelines {

struct ImportRequest {
  std::string source;        ///< registered as a source of this file where the name is new
  std::string vectors_path;  ///< .parquet, .arrow, .npy, .fvecs, .bvecs
  /// Column with the keys, in the file and in the source. For files of bare vectors: the column of
  /// a known source, whose rows stand in the same order; empty with a new source, whose key is the
  /// row's position, from 0, in a column `id`.
  std::string key;
  std::string column = "vector";
  std::string metric = "cosine";
  std::string model;  ///< for later queries by text; empty for none
};

/// Makes a result table of vectors that were made elsewhere. Vectors are kept as they are, except
/// that cosine normalises them. The same file for the same source again imports what is new or
/// changed.
///
/// A new source is the file itself where SQL reads it (Parquet), else a Parquet file that is kept
/// under imports/ in the database: a copy of an Arrow file, or the row positions of bare vectors.
///
/// kInvalidArgument names the row of a NaN, an infinity, a missing or repeated key, a key that a
/// known source does not have, or a wrong dimension, and nothing is imported.
Result<EmbedSummary> Import(const RequestContext& context, const PipelineOptions& options,
                            const ImportRequest& request, const ProgressFunction& progress);

}  // namespace iolite::pipelines
