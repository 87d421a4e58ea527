#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "iolite/base/status.h"

namespace iolite::models {

/// How token vectors become one vector.
enum class PoolingMode { kCls, kMax, kMean, kMeanSqrtLength, kWeightedMean, kLastToken };

/// The vectors of all modes, side by side, in this order.
struct PoolingModule {
  std::vector<PoolingMode> modes = {PoolingMode::kMean};
  bool include_prompt = true;  ///< false: a prompt's tokens are seen but not pooled
};

struct DenseModule {
  std::string folder;
  int64_t in_size = 0;
  int64_t out_size = 0;
  bool bias = true;
  std::string activation;  ///< as `Activation` names it
  bool residual = false;
};

struct LayerNormModule {
  std::string folder;
  int64_t size = 0;
};

struct NormalizeModule {};

/// A step after the encoder.
using Module = std::variant<PoolingModule, DenseModule, LayerNormModule, NormalizeModule>;

/// A folder of the sentence-transformers layout, as its small files describe it.
struct SentenceModel {
  std::string encoder_folder;   ///< config.json, weights and tokenizer
  std::vector<Module> modules;  ///< pooling first
  int64_t token_count_max = 0;  ///< `max_seq_length`; 0 when nothing says
  bool lower_case = false;
  std::string query_prompt;
  std::string document_prompt;
  std::string metric;  ///< `similarity_fn_name`: cosine, dot, euclidean, manhattan

  bool normalized() const { return std::holds_alternative<NormalizeModule>(modules.back()); }
  const PoolingModule& pooling() const { return std::get<PoolingModule>(modules.front()); }
};

/// How much of a text a model reads, and how.
struct TextLimits {
  int64_t token_count_max = 0;  ///< `max_seq_length`; 0 when nothing says
  bool lower_case = false;
};

/// Reads sentence_bert_config.json, else tokenizer_config.json.
Result<TextLimits> ReadTextLimits(const std::string& folder);

/// Reads modules.json and what it names; without one, tokens are pooled by their mean.
/// kUnimplemented names a module that is not supported, with those that are.
Result<SentenceModel> ReadSentenceModel(const std::string& folder);

}  // namespace iolite::models
