#pragma once

#include <string>
#include <vector>

#include "iolite/pipelines/embed.h"

namespace iolite::pipelines {

struct ImportRequest {
  std::string source;        ///< registered as a source of this file where the name is new
  std::string vectors_path;  ///< .parquet, .arrow, .npy, .fvecs
  std::string key;           ///< column with the keys; empty for npy and fvecs: the row's position
  std::string column = "vector";
  std::string metric = "cosine";
  std::string model;  ///< for later queries by text; empty for none
};

/// Makes a result table of vectors that were made elsewhere. Vectors are kept as they are, except
/// that cosine normalises them. kInvalidArgument names the row of a NaN, an infinity, a missing or
/// repeated key or a wrong dimension, and nothing is imported.
Result<EmbedSummary> Import(const RequestContext& context, const PipelineOptions& options,
                            const ImportRequest& request, const ProgressFunction& progress);

}  // namespace iolite::pipelines
