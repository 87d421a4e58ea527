#pragma once

#include <map>
#include <string>
#include <utility>

#include "iolite/base/status.h"
#include "iolite/models/encoders/parts.h"

namespace iolite::models {

/// Attention of every kind that a plan can ask for: dense, local or causal, with rotary positions,
/// a relative bias, norms of each head, and heads that share their keys.
///
/// What layers have in common, masks and angles, is in the graph once.
class AttentionBuilder {
 public:
  /// `parts` must outlive it.
  static Result<AttentionBuilder> Make(EncoderParts* parts, const EncoderInputs& inputs);

  /// x [tokens, hidden] to the same shape, as layer `layer` with tensors behind `prefix` does it.
  Result<program::Value> Attend(const program::Value& x, const LayerPlan& layer,
                                const std::string& prefix);

  /// [tokens, width] as [batch, sequence, width].
  program::Value Unflatten(const program::Value& x, int64_t width);

 private:
  struct Angles {
    program::Value cos, sin;  ///< [sequence, head size]
  };

  explicit AttentionBuilder(EncoderParts* parts) : parts_(*parts), graph_(parts->graph()) {}
  Status AddRelativeBias();
  program::Value Places();
  program::Value Bias(int64_t window);
  const Angles& AnglesOf(const RotaryPlan& rotary);
  program::Value Turn(const program::Value& x, const Angles& angles);
  Result<program::Value> Heads(const program::Value& x, const MatrixPlan& matrix,
                               const std::string& norm, int64_t head_count);
  program::Value ShareHeads(const program::Value& x);

  EncoderParts& parts_;
  program::GraphBuilder& graph_;
  program::Value input_shape_;                // [batch, sequence]
  program::Value length_;                     // scalar: sequence
  program::Value mask_;                       // i32 [batch, 1, 1, sequence]
  program::Value relative_bias_;              // [heads, sequence, sequence], if any
  std::map<int64_t, program::Value> biases_;  // by window
  std::vector<std::pair<RotaryPlan, Angles>> turns_;
};

/// Which row of the relative bias a token's distance has: exact for near ones, by logarithm up to
/// 128 for far ones, with a half for each direction.
int64_t RelativeBucket(int64_t distance, int64_t bucket_count);

}  // namespace iolite::models
