#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/models/checkpoint.h"
#include "iolite/program/graph_builder.h"

namespace iolite::models {

/// What goes into every encoder: [batch, sequence] each, padded on the right.
struct EncoderInputs {
  program::Value ids;
  program::Value mask;  ///< 1 for a token, 0 for padding
  /// Absent when every text is of type 0, as single texts are.
  std::optional<program::Value> type_ids;
};

/// How attention divides its width.
struct AttentionShape {
  int64_t hidden_size = 0;
  int64_t head_count = 0;
  int64_t head_size() const { return hidden_size / head_count; }
};

/// The pieces that encoders are made of, reading their weights from a checkpoint by name.
///
/// Activations are [tokens, width] outside of attention: one matrix product for a whole batch.
class EncoderParts {
 public:
  /// `prefix` goes in front of every name.
  EncoderParts(program::GraphBuilder* graph, const Checkpoint* checkpoint, std::string prefix)
      : graph_(*graph), checkpoint_(*checkpoint), prefix_(std::move(prefix)) {}

  Result<program::Value> Weight(std::string_view name, const std::vector<int64_t>& shape);
  /// `name`.weight and `name`.bias.
  Result<program::Value> Dense(const program::Value& x, const std::string& name, int64_t in_size,
                               int64_t out_size);
  /// `name`.weight and `name`.bias, or .gamma and .beta of old checkpoints; then `residual` + x is
  /// what is normed.
  Result<program::Value> AddAndNorm(const program::Value& x, const program::Value& residual,
                                    const std::string& name, int64_t size, float epsilon);
  /// Scaled dot-product attention over [tokens, hidden] queries, keys and values.
  program::Value Attention(const program::Value& query, const program::Value& key,
                           const program::Value& value, const AttentionShape& shape);

  /// Prepares what every layer's attention needs.
  void SetInputs(const EncoderInputs& inputs, const AttentionShape& shape);
  /// [tokens, hidden] as [batch, sequence, hidden].
  program::Value Unflatten(const program::Value& x, int64_t hidden_size);
  /// The first `sequence` rows of a position table.
  program::Value PositionRows(const program::Value& table);

 private:
  program::GraphBuilder& graph_;
  const Checkpoint& checkpoint_;
  const std::string prefix_;
  program::Value input_shape_;  ///< [batch, sequence]
  program::Value head_shape_;   ///< [batch, sequence, heads, head size]
  program::Value
      attention_bias_;  ///< [batch, 1, 1, sequence]: 0, or the most negative number for padding
  program::Value attention_scale_;
};

/// `hidden_act` of a configuration. kUnimplemented names one that is not known, with those that
/// are.
Result<program::Value> Activation(program::GraphBuilder& graph, std::string_view name,
                                  const program::Value& x);

}  // namespace iolite::models
