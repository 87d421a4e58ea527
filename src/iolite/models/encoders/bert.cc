#include "iolite/models/encoders/bert.h"

#include <fmt/core.h>

namespace iolite::models {
namespace {

using program::GraphBuilder;
using program::Value;

/// BERT's configuration, with the defaults of its origin.
struct BertConfig {
  AttentionShape attention;
  int64_t layer_count = 0;
  int64_t feed_forward_size = 0;
  int64_t vocabulary_size = 0;
  int64_t position_count = 0;
  int64_t type_count = 0;
  float norm_epsilon = 0;
  std::string activation;
};

Result<BertConfig> ReadConfig(const ModelConfig& config) {
  BertConfig bert;
  IOLITE_ASSIGN_OR_RETURN(bert.attention.hidden_size, config.Size("hidden_size"));
  IOLITE_ASSIGN_OR_RETURN(bert.attention.head_count, config.Size("num_attention_heads"));
  IOLITE_ASSIGN_OR_RETURN(bert.layer_count, config.Size("num_hidden_layers"));
  IOLITE_ASSIGN_OR_RETURN(bert.feed_forward_size, config.Size("intermediate_size"));
  IOLITE_ASSIGN_OR_RETURN(bert.vocabulary_size, config.Size("vocab_size"));
  IOLITE_ASSIGN_OR_RETURN(bert.position_count, config.Size("max_position_embeddings", 512));
  IOLITE_ASSIGN_OR_RETURN(bert.type_count, config.Size("type_vocab_size", 2));
  IOLITE_ASSIGN_OR_RETURN(const double epsilon, config.Number("layer_norm_eps", 1e-12));
  bert.norm_epsilon = static_cast<float>(epsilon);
  IOLITE_ASSIGN_OR_RETURN(bert.activation, config.Text("hidden_act", "gelu"));
  if (bert.attention.hidden_size % bert.attention.head_count != 0) {
    return InvalidArgument("{}: hidden_size {} is no multiple of num_attention_heads {}",
                           config.path(), bert.attention.hidden_size, bert.attention.head_count);
  }
  IOLITE_ASSIGN_OR_RETURN(const std::string positions,
                          config.Text("position_embedding_type", "absolute"));
  IOLITE_ASSIGN_OR_RETURN(const bool is_decoder, config.Flag("is_decoder", false));
  if (positions != "absolute" || is_decoder) {
    return Unimplemented(
        "{}: bert is supported as an encoder with absolute positions, and this one has "
        "position_embedding_type `{}`, is_decoder {}",
        config.path(), positions, is_decoder);
  }
  return bert;
}

/// Builds one model; the pieces are called in the order in which tokens pass them.
class BertBuilder {
 public:
  BertBuilder(const BertConfig& bert, const Checkpoint& checkpoint, GraphBuilder& graph)
      : bert_(bert), graph_(graph), parts_(&graph, &checkpoint, Prefix(checkpoint)) {}

  Result<Value> Build(const EncoderInputs& inputs) {
    parts_.SetInputs(inputs, bert_.attention);
    IOLITE_ASSIGN_OR_RETURN(Value x, Embeddings(inputs));
    for (int64_t i = 0; i < bert_.layer_count; ++i) {
      IOLITE_ASSIGN_OR_RETURN(x, Layer(x, fmt::format("encoder.layer.{}.", i)));
    }
    return parts_.Unflatten(x, hidden_size());
  }

 private:
  /// Checkpoints of a bare encoder name its tensors directly, those with a head behind `bert.`.
  static std::string Prefix(const Checkpoint& checkpoint) {
    return checkpoint.Has("bert.embeddings.word_embeddings.weight") ? "bert." : "";
  }

  int64_t hidden_size() const { return bert_.attention.hidden_size; }

  Result<Value> Embeddings(const EncoderInputs& inputs) {
    const auto table = [&](const std::string& name, int64_t row_count) {
      return parts_.Weight("embeddings." + name + ".weight", {row_count, hidden_size()});
    };
    IOLITE_ASSIGN_OR_RETURN(const Value words, table("word_embeddings", bert_.vocabulary_size));
    IOLITE_ASSIGN_OR_RETURN(const Value positions,
                            table("position_embeddings", bert_.position_count));
    IOLITE_ASSIGN_OR_RETURN(const Value types, table("token_type_embeddings", bert_.type_count));
    const Value type_rows = inputs.type_ids
                                ? graph_.Gather(types, *inputs.type_ids, 0)
                                : graph_.Slice(types, graph_.Int64s({0}), graph_.Int64s({1}), 0);
    const Value added = graph_.Add(parts_.PositionRows(positions), type_rows);
    IOLITE_ASSIGN_OR_RETURN(
        const Value normed,
        parts_.AddAndNorm(graph_.Gather(words, inputs.ids, 0), added, "embeddings.LayerNorm",
                          hidden_size(), bert_.norm_epsilon));
    return graph_.Reshape(normed, {-1, hidden_size()});
  }

  Result<Value> Layer(const Value& x, const std::string& name) {
    const int64_t size = hidden_size();
    IOLITE_ASSIGN_OR_RETURN(const Value query,
                            parts_.Dense(x, name + "attention.self.query", size, size));
    IOLITE_ASSIGN_OR_RETURN(const Value key,
                            parts_.Dense(x, name + "attention.self.key", size, size));
    IOLITE_ASSIGN_OR_RETURN(const Value value,
                            parts_.Dense(x, name + "attention.self.value", size, size));
    const Value mixed = parts_.Attention(query, key, value, bert_.attention);
    IOLITE_ASSIGN_OR_RETURN(const Value projected,
                            parts_.Dense(mixed, name + "attention.output.dense", size, size));
    IOLITE_ASSIGN_OR_RETURN(const Value attended,
                            parts_.AddAndNorm(projected, x, name + "attention.output.LayerNorm",
                                              size, bert_.norm_epsilon));
    IOLITE_ASSIGN_OR_RETURN(const Value wide, parts_.Dense(attended, name + "intermediate.dense",
                                                           size, bert_.feed_forward_size));
    IOLITE_ASSIGN_OR_RETURN(const Value active, Activation(graph_, bert_.activation, wide));
    IOLITE_ASSIGN_OR_RETURN(const Value narrow, parts_.Dense(active, name + "output.dense",
                                                             bert_.feed_forward_size, size));
    return parts_.AddAndNorm(narrow, attended, name + "output.LayerNorm", size, bert_.norm_epsilon);
  }

  const BertConfig bert_;
  GraphBuilder& graph_;
  EncoderParts parts_;
};

}  // namespace

Result<EncoderShape> InspectBert(const ModelConfig& config) {
  IOLITE_ASSIGN_OR_RETURN(const BertConfig bert, ReadConfig(config));
  return EncoderShape{.hidden_size = bert.attention.hidden_size,
                      .vocabulary_size = bert.vocabulary_size,
                      .position_count_max = bert.position_count};
}

Result<Value> BuildBert(const ModelConfig& config, const Checkpoint& checkpoint,
                        const EncoderInputs& inputs, GraphBuilder& graph) {
  IOLITE_ASSIGN_OR_RETURN(const BertConfig bert, ReadConfig(config));
  return BertBuilder(bert, checkpoint, graph).Build(inputs);
}

}  // namespace iolite::models
