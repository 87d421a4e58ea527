#pragma once

#include <memory>
#include <string>

#include "iolite/base/executor.h"
#include "iolite/models/embedder.h"

namespace iolite::models {

struct StaticEmbedderOptions {
  std::string folder;
  std::string model_id;
  std::string content_hash;
  Executor* executor = nullptr;  ///< null: in the caller's thread
};

/// A model of model2vec's kind: a text's vector is the mean of its tokens' rows in one table. No
/// program runs; tokenizing is most of the work.
///
///     config.json         model_type model2vec; normalize, max_length (512 tokens by default)
///     model.safetensors   embeddings [rows, dimension] in f32, f16, bf16 or i8; where the
///     vocabulary is
///                         larger than the table, mapping [tokens] to rows; weights [tokens], if
///                         any
///     tokenizer.json      special tokens are not added; unknown ones count for nothing
///
/// A text without any known token gets a vector of zeros. A text is cut to max_length times the
/// median length of a token in characters, then to max_length tokens, as model2vec does.
///
/// kNotFound names a missing file; kInvalidArgument what does not fit; kDataLoss a damaged table.
Result<std::shared_ptr<const Embedder>> OpenStaticEmbedder(const StaticEmbedderOptions& options);

}  // namespace iolite::models
