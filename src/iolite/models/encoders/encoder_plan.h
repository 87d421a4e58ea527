#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "iolite/models/modules.h"

namespace iolite::models {

/// How attention divides its width.
struct AttentionShape {
  int64_t head_count = 0;
  int64_t key_head_count = 0;  ///< of keys and values; head_count is a multiple of it
  int64_t head_size = 0;
};

enum class NormKind { kLayer, kLayerWithoutBias, kRms };

/// Where a token learns its place from.
enum class PositionScheme {
  kLearned,              ///< a table, from row 0
  kLearnedAfterPadding,  ///< a table, from row padding_id + 1, counting real tokens only
  kRotary,               ///< queries and keys are turned by an angle that grows with the place
};

/// Angles of rotary positions. A factor other than 1 stretches them (NTK-aware scaling).
struct RotaryPlan {
  double base = 10000;
  double factor = 1;
  bool operator==(const RotaryPlan&) const = default;
};

/// A matrix of a checkpoint: a tensor of its own, or one of the equal parts a packed one is cut
/// into along its rows.
struct MatrixPlan {
  std::string name;
  bool bias = true;
  int64_t part = 0;
  int64_t part_count = 1;
};

/// What is particular to one layer.
struct LayerPlan {
  int64_t window = 0;  ///< tokens it sees to each side; 0: all
  RotaryPlan rotary;
  bool norm_before_attention = true;  ///< counts where norm_first
};

/// Names in each layer, behind `prefix`, in which `{}` is the layer's number.
struct LayerNames {
  std::string prefix;
  MatrixPlan query, key, value, output;
  std::string attention_norm;
  std::string query_norm, key_norm;   ///< of each head; empty when there is none
  MatrixPlan feed_in;                 ///< what the activation is applied to
  std::optional<MatrixPlan> feed_by;  ///< what the activated is multiplied with
  MatrixPlan feed_out;
  std::string feed_norm;
};

/// From token vectors to logits.
struct HeadPlan {
  PoolingMode pooling = PoolingMode::kCls;  ///< for a whole text
  std::optional<MatrixPlan> dense;
  bool dense_in_encoder = false;  ///< its name follows the encoder's prefix
  bool dense_optional = false;    ///< some checkpoints go without it, and without the norm
  std::string activation;
  std::string norm;  ///< empty when there is none
  MatrixPlan classifier;
};

/// An encoder as its configuration describes it: what the pieces of parts.h are put together by.
struct EncoderPlan {
  int64_t hidden_size = 0;
  int64_t feed_forward_size = 0;
  int64_t vocabulary_size = 0;
  int64_t type_count = 0;          ///< 0: there are no token types
  int64_t position_row_count = 0;  ///< of the learned table
  int64_t position_count_max = 0;  ///< tokens a text may have
  int64_t padding_id = 0;
  AttentionShape attention;
  std::vector<LayerPlan> layers;

  NormKind norm = NormKind::kLayer;
  float norm_epsilon = 0;
  bool norm_first = false;  ///< before attention and feed-forward, and once at the end
  std::string activation;
  PositionScheme positions = PositionScheme::kLearned;
  bool causal = false;                ///< a token sees only those before it
  int64_t relative_bucket_count = 0;  ///< 0: attention has no relative bias

  std::vector<std::string> prefixes;  ///< tried in this order, with word_table
  std::string word_table, position_table, type_table, relative_table;
  std::string embedding_norm;  ///< empty when there is none
  std::string final_norm;
  LayerNames names;

  HeadPlan text_head;   ///< for labels of a text
  HeadPlan token_head;  ///< for labels of each token
};

}  // namespace iolite::models
