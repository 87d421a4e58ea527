#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/status.h"

namespace iolite::models {

/// Which prompt of `config_sentence_transformers.json` goes in front.
enum class TextRole { kDocument, kQuery };

struct EmbedderInfo {
  std::string model_id;
  std::string content_hash;  ///< of the files that decide the vectors
  std::string architecture;  ///< `bert`, `model2vec`, `onnx`
  std::string precision;     ///< `f32` or `bf16`: what really runs
  int32_t dimension = 0;
  int32_t token_count_max = 0;  ///< longer texts are cut
  bool normalized = false;      ///< vectors have length 1
  std::string metric;           ///< `similarity_fn_name` of the model, `cosine` by default
  int64_t parameter_count = 0;
};

/// Texts turned into tokens, ready to run. Made by Embedder::Tokenize.
class TokenizedTexts {
 public:
  virtual ~TokenizedTexts() = default;
  virtual size_t text_count() const = 0;
  virtual int64_t token_count() const = 0;
};

/// Turns texts into vectors. Tokenizing stands apart from running so that a pipeline can overlap
/// them.
///
/// Threads: any number, for every call; one load serves all.
class Embedder {
 public:
  virtual ~Embedder() = default;
  virtual const EmbedderInfo& info() const = 0;

  /// Applies the prompt and tokenizes, on the engine's executor. Text that is not UTF-8 has its bad
  /// bytes replaced by U+FFFD; text past token_count_max is cut.
  virtual Result<std::unique_ptr<TokenizedTexts>> Tokenize(const RequestContext& context,
                                                           std::span<const std::string_view> texts,
                                                           TextRole role) const = 0;

  /// Runs all texts in batches formed by a token budget after sorting by length, and writes text
  /// i's vector to vectors[i * dimension, ...). Batches run at once, as many as the runtime has
  /// streams.
  virtual Status Run(const RequestContext& context, const TokenizedTexts& texts,
                     std::span<float> vectors) const = 0;

  /// Tokenize, then Run.
  Status Embed(const RequestContext& context, std::span<const std::string_view> texts,
               TextRole role, std::span<float> vectors) const;
};

}  // namespace iolite::models
