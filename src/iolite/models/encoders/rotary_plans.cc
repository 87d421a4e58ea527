#include "iolite/models/encoders/plan_sizes.h"
#include "iolite/models/encoders/plans.h"

/// Encoders with rotary positions and gated feed-forward layers.

namespace iolite::models {
namespace {

/// One of the thirds in which queries, keys and values are packed.
MatrixPlan Third(std::string name, int64_t part, bool bias) {
  return {.name = std::move(name), .bias = bias, .part = part, .part_count = 3};
}

MatrixPlan Half(std::string name, int64_t part, bool bias) {
  return {.name = std::move(name), .bias = bias, .part = part, .part_count = 2};
}

Status CheckHalves(const ModelConfig& config, const EncoderPlan& plan) {
  if (plan.attention.head_size % 2 == 0) return Status::Ok();
  return InvalidArgument("{}: rotary positions need heads of an even size, and these have {}",
                         config.path(), plan.attention.head_size);
}

/// The tokens a text may have; rows of angles are made for as many.
Status ReadPositionCount(const ModelConfig& config, std::string_view key, int64_t fallback,
                         EncoderPlan* plan) {
  plan->positions = PositionScheme::kRotary;
  IOLITE_ASSIGN_OR_RETURN(plan->position_count_max, config.Size(key, fallback));
  constexpr int64_t kPositionCountMax = 1 << 20;
  if (plan->position_count_max > kPositionCountMax) {
    return InvalidArgument("{}: {} is {}, more than {}", config.path(), key,
                           plan->position_count_max, kPositionCountMax);
  }
  return CheckHalves(config, *plan);
}

/// ModernBERT's layers are global or local, with rotary bases of their own.
Status PlanModernLayers(const ModelConfig& config, EncoderPlan* plan) {
  IOLITE_ASSIGN_OR_RETURN(const auto kinds, config.Texts("layer_types"));
  IOLITE_ASSIGN_OR_RETURN(const int64_t period, config.Size("global_attn_every_n_layers", 3));
  IOLITE_ASSIGN_OR_RETURN(const int64_t local_attention, config.Size("local_attention", 128));
  IOLITE_ASSIGN_OR_RETURN(const RotaryPlan global,
                          ReadRotary(config, "full_attention", "global_rope_theta", 160000.0));
  IOLITE_ASSIGN_OR_RETURN(const RotaryPlan local,
                          ReadRotary(config, "sliding_attention", "local_rope_theta", 10000.0));
  if (!kinds.empty() && kinds.size() != plan->layers.size()) {
    return InvalidArgument("{}: layer_types names {} layers, and num_hidden_layers is {}",
                           config.path(), kinds.size(), plan->layers.size());
  }
  for (size_t i = 0; i < plan->layers.size(); ++i) {
    const bool is_local =
        kinds.empty() ? static_cast<int64_t>(i) % period != 0 : kinds[i] == "sliding_attention";
    LayerPlan& layer = plan->layers[i];
    layer.window = is_local ? std::max<int64_t>(local_attention / 2, 1) : 0;
    layer.rotary = is_local ? local : global;
    layer.norm_before_attention = i > 0;
  }
  return Status::Ok();
}

/// Variants of Nomic's own configuration that no released model has.
Status CheckNomicVariant(const ModelConfig& config) {
  for (const char* key : {"prenorm", "rotary_emb_interleaved", "use_rms_norm", "causal"}) {
    IOLITE_RETURN_IF_ERROR(RequireFlag(config, key, false));
  }
  IOLITE_ASSIGN_OR_RETURN(const double fraction, config.Number("rotary_emb_fraction", 1.0));
  IOLITE_ASSIGN_OR_RETURN(const int64_t experts, config.Integer("moe_every_n_layers", 0));
  if (fraction == 1.0 && experts <= 0) return Status::Ok();
  return Unimplemented(
      "{}: nomic_bert is supported with rotary_emb_fraction 1 and without experts, and this one "
      "has rotary_emb_fraction {}, moe_every_n_layers {}",
      config.path(), fraction, experts);
}

/// `swiglu` or `geglu` of Nomic's own configuration, else `hidden_act`.
Result<std::string> NomicActivation(const ModelConfig& config) {
  IOLITE_ASSIGN_OR_RETURN(const std::string gated, config.Text("activation_function", ""));
  if (gated == "swiglu") return std::string("silu");
  if (gated == "geglu") return std::string("gelu");
  if (gated.empty()) return config.Text("hidden_act", "silu");
  return Unimplemented(
      "{}: activation_function `{}` is not supported for nomic_bert; these are: swiglu, geglu",
      config.path(), gated);
}

/// Where angles are stretched as texts grow, texts keep to the length at which they are not.
Status ReadNomicPositions(const ModelConfig& config, bool own, EncoderPlan* plan) {
  IOLITE_RETURN_IF_ERROR(
      ReadPositionCount(config, own ? "n_positions" : "max_position_embeddings", 2048, plan));
  if (!config.Has("rotary_scaling_factor")) return Status::Ok();
  IOLITE_ASSIGN_OR_RETURN(const int64_t trained, config.Size("max_trained_positions", 2048));
  plan->position_count_max = std::min(plan->position_count_max, trained);
  return Status::Ok();
}

LayerNames NomicLayer(bool attention_bias, bool in_bias, bool out_bias) {
  return {.prefix = "encoder.layers.{}.",
          .query = Third("attn.Wqkv", 0, attention_bias),
          .key = Third("attn.Wqkv", 1, attention_bias),
          .value = Third("attn.Wqkv", 2, attention_bias),
          .output = {.name = "attn.out_proj", .bias = attention_bias},
          .attention_norm = "norm1",
          .feed_in = {.name = "mlp.fc12", .bias = in_bias},
          .feed_by = MatrixPlan{.name = "mlp.fc11", .bias = in_bias},
          .feed_out = {.name = "mlp.fc2", .bias = out_bias},
          .feed_norm = "norm2"};
}

HeadPlan PooledHead() {
  return {.dense = MatrixPlan{.name = "pooler.dense"},
          .dense_in_encoder = true,
          .activation = "tanh",
          .classifier = {.name = "classifier"}};
}

Status CheckGteVariant(const ModelConfig& config) {
  IOLITE_RETURN_IF_ERROR(RequireFlag(config, "logn_attention_scale", false));
  IOLITE_ASSIGN_OR_RETURN(const std::string positions,
                          config.Text("position_embedding_type", "rope"));
  IOLITE_ASSIGN_OR_RETURN(const std::string norm, config.Text("layer_norm_type", "layer_norm"));
  if (positions == "rope" && norm == "layer_norm") return Status::Ok();
  return Unimplemented(
      "{}: this architecture is supported with rotary positions and layer_norm, and this one has "
      "position_embedding_type `{}`, layer_norm_type `{}`",
      config.path(), positions, norm);
}

LayerNames GteLayer(bool packed) {
  const auto attention = [&](const char* alone, int64_t part) {
    return packed ? Third("attention.qkv_proj", part, true) : MatrixPlan{.name = alone};
  };
  return {.prefix = "encoder.layer.{}.",
          .query = attention("attention.q_proj", 0),
          .key = attention("attention.k_proj", 1),
          .value = attention("attention.v_proj", 2),
          .output = {.name = "attention.o_proj"},
          .attention_norm = "attn_ln",
          .feed_in = Half("mlp.up_gate_proj", 1, false),
          .feed_by = Half("mlp.up_gate_proj", 0, false),
          .feed_out = {.name = "mlp.down_proj"},
          .feed_norm = "mlp_ln"};
}

LayerNames Qwen3Layer(bool bias) {
  return {.prefix = "layers.{}.",
          .query = {.name = "self_attn.q_proj", .bias = bias},
          .key = {.name = "self_attn.k_proj", .bias = bias},
          .value = {.name = "self_attn.v_proj", .bias = bias},
          .output = {.name = "self_attn.o_proj", .bias = bias},
          .attention_norm = "input_layernorm",
          .query_norm = "self_attn.q_norm",
          .key_norm = "self_attn.k_norm",
          .feed_in = {.name = "mlp.gate_proj", .bias = false},
          .feed_by = MatrixPlan{.name = "mlp.up_proj", .bias = false},
          .feed_out = {.name = "mlp.down_proj", .bias = false},
          .feed_norm = "post_attention_layernorm"};
}

}  // namespace

Result<EncoderPlan> PlanModernBert(const ModelConfig& config) {
  EncoderPlan plan;
  IOLITE_RETURN_IF_ERROR(ReadSizes(config, {}, &plan));
  IOLITE_RETURN_IF_ERROR(ReadPositionCount(config, "max_position_embeddings", 8192, &plan));
  IOLITE_RETURN_IF_ERROR(PlanModernLayers(config, &plan));
  IOLITE_RETURN_IF_ERROR(ReadEpsilon(config, "norm_eps", 1e-5, &plan));
  IOLITE_ASSIGN_OR_RETURN(plan.activation, config.Text("hidden_activation", "gelu"));
  IOLITE_ASSIGN_OR_RETURN(const bool norm_bias, config.Flag("norm_bias", false));
  IOLITE_ASSIGN_OR_RETURN(const bool attention_bias, config.Flag("attention_bias", false));
  IOLITE_ASSIGN_OR_RETURN(const bool feed_bias, config.Flag("mlp_bias", false));
  IOLITE_ASSIGN_OR_RETURN(const bool head_bias, config.Flag("classifier_bias", false));
  IOLITE_ASSIGN_OR_RETURN(const std::string pooling, config.Text("classifier_pooling", "cls"));
  plan.norm = norm_bias ? NormKind::kLayer : NormKind::kLayerWithoutBias;
  plan.norm_first = true;
  plan.prefixes = {"model.", ""};
  plan.word_table = "embeddings.tok_embeddings.weight";
  plan.embedding_norm = "embeddings.norm";
  plan.final_norm = "final_norm";
  plan.names = {.prefix = "layers.{}.",
                .query = Third("attn.Wqkv", 0, attention_bias),
                .key = Third("attn.Wqkv", 1, attention_bias),
                .value = Third("attn.Wqkv", 2, attention_bias),
                .output = {.name = "attn.Wo", .bias = attention_bias},
                .attention_norm = "attn_norm",
                .feed_in = Half("mlp.Wi", 0, feed_bias),
                .feed_by = Half("mlp.Wi", 1, feed_bias),
                .feed_out = {.name = "mlp.Wo", .bias = feed_bias},
                .feed_norm = "mlp_norm"};
  plan.text_head = {.pooling = pooling == "mean" ? PoolingMode::kMean : PoolingMode::kCls,
                    .dense = MatrixPlan{.name = "head.dense", .bias = head_bias},
                    .norm = "head.norm",
                    .classifier = {.name = "classifier"}};
  IOLITE_ASSIGN_OR_RETURN(plan.text_head.activation, config.Text("classifier_activation", "gelu"));
  plan.token_head = plan.text_head;
  plan.token_head.dense_optional = true;
  return plan;
}

Result<EncoderPlan> PlanNomicBert(const ModelConfig& config) {
  EncoderPlan plan;
  // Nomic's own configuration is GPT-2's; that of the transformers package is BERT's.
  const bool own = config.Has("n_embd");
  const SizeKeys own_keys = {
      .hidden = "n_embd", .heads = "n_head", .layers = "n_layer", .feed_forward = "n_inner"};
  IOLITE_RETURN_IF_ERROR(CheckNomicVariant(config));
  IOLITE_RETURN_IF_ERROR(ReadSizes(config, own ? own_keys : SizeKeys(), &plan));
  IOLITE_RETURN_IF_ERROR(ReadNomicPositions(config, own, &plan));
  IOLITE_RETURN_IF_ERROR(
      ReadEpsilon(config, own ? "layer_norm_epsilon" : "layer_norm_eps", 1e-12, &plan));
  IOLITE_ASSIGN_OR_RETURN(plan.activation, NomicActivation(config));
  IOLITE_ASSIGN_OR_RETURN(plan.type_count, config.Integer("type_vocab_size", 2));
  IOLITE_ASSIGN_OR_RETURN(const RotaryPlan rotary,
                          ReadRotary(config, "", "rotary_emb_base", 1000.0));
  for (LayerPlan& layer : plan.layers) layer.rotary = rotary;
  IOLITE_ASSIGN_OR_RETURN(const bool attention_bias, config.Flag("qkv_proj_bias", own));
  IOLITE_ASSIGN_OR_RETURN(const bool in_bias, config.Flag("mlp_fc1_bias", own));
  IOLITE_ASSIGN_OR_RETURN(const bool out_bias, config.Flag("mlp_fc2_bias", own));
  plan.prefixes = {"", "nomic_bert.", "bert."};
  plan.word_table = "embeddings.word_embeddings.weight";
  plan.type_table = "embeddings.token_type_embeddings.weight";
  plan.embedding_norm = "emb_ln";
  plan.names = NomicLayer(attention_bias, in_bias, out_bias);
  plan.text_head = PooledHead();
  plan.token_head = {.classifier = {.name = "classifier"}};
  return plan;
}

Result<EncoderPlan> PlanGte(const ModelConfig& config) {
  EncoderPlan plan;
  IOLITE_RETURN_IF_ERROR(CheckGteVariant(config));
  IOLITE_RETURN_IF_ERROR(ReadSizes(config, {}, &plan));
  IOLITE_RETURN_IF_ERROR(ReadPositionCount(config, "max_position_embeddings", 8192, &plan));
  IOLITE_RETURN_IF_ERROR(ReadEpsilon(config, "layer_norm_eps", 1e-12, &plan));
  IOLITE_ASSIGN_OR_RETURN(plan.activation, config.Text("hidden_act", "gelu"));
  IOLITE_ASSIGN_OR_RETURN(plan.type_count, config.Integer("type_vocab_size", 1));
  IOLITE_ASSIGN_OR_RETURN(const RotaryPlan rotary, ReadRotary(config, "", "rope_theta", 160000.0));
  for (LayerPlan& layer : plan.layers) layer.rotary = rotary;
  IOLITE_ASSIGN_OR_RETURN(const bool packed, config.Flag("pack_qkv", true));
  plan.prefixes = {"new.", "", "gte."};
  plan.word_table = "embeddings.word_embeddings.weight";
  plan.type_table = "embeddings.token_type_embeddings.weight";
  plan.embedding_norm = "embeddings.LayerNorm";
  plan.names = GteLayer(packed);
  plan.text_head = PooledHead();
  plan.token_head = {.classifier = {.name = "classifier"}};
  return plan;
}

Result<EncoderPlan> PlanQwen3(const ModelConfig& config) {
  EncoderPlan plan;
  IOLITE_RETURN_IF_ERROR(RequireFlag(config, "use_sliding_window", false));
  IOLITE_RETURN_IF_ERROR(ReadSizes(config, {}, &plan));
  AttentionShape& attention = plan.attention;
  IOLITE_ASSIGN_OR_RETURN(attention.key_head_count,
                          config.Size("num_key_value_heads", attention.head_count));
  IOLITE_ASSIGN_OR_RETURN(attention.head_size, config.Size("head_dim", 128));
  if (attention.head_count % attention.key_head_count != 0) {
    return InvalidArgument("{}: num_attention_heads {} is no multiple of num_key_value_heads {}",
                           config.path(), attention.head_count, attention.key_head_count);
  }
  IOLITE_RETURN_IF_ERROR(ReadPositionCount(config, "max_position_embeddings", 32768, &plan));
  IOLITE_RETURN_IF_ERROR(ReadEpsilon(config, "rms_norm_eps", 1e-6, &plan));
  IOLITE_ASSIGN_OR_RETURN(plan.activation, config.Text("hidden_act", "silu"));
  IOLITE_ASSIGN_OR_RETURN(const RotaryPlan rotary, ReadRotary(config, "", "rope_theta", 1e6));
  for (LayerPlan& layer : plan.layers) layer.rotary = rotary;
  IOLITE_ASSIGN_OR_RETURN(const bool bias, config.Flag("attention_bias", false));
  plan.norm = NormKind::kRms;
  plan.norm_first = true;
  plan.causal = true;
  plan.prefixes = {"model.", ""};
  plan.word_table = "embed_tokens.weight";
  plan.final_norm = "norm";
  plan.names = Qwen3Layer(bias);
  plan.text_head = {.pooling = PoolingMode::kLastToken,
                    .classifier = {.name = "score", .bias = false}};
  plan.token_head = {.classifier = {.name = "score"}};
  return plan;
}

}  // namespace iolite::models
