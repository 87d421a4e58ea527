#include "iolite/models/encoders/plan_sizes.h"
#include "iolite/models/encoders/plans.h"

/// BERT and those that kept its layers: learned positions, norms behind, dense attention.

namespace iolite::models {
namespace {

LayerNames BertLayer() {
  return {.prefix = "encoder.layer.{}.",
          .query = {.name = "attention.self.query"},
          .key = {.name = "attention.self.key"},
          .value = {.name = "attention.self.value"},
          .output = {.name = "attention.output.dense"},
          .attention_norm = "attention.output.LayerNorm",
          .feed_in = {.name = "intermediate.dense"},
          .feed_out = {.name = "output.dense"},
          .feed_norm = "output.LayerNorm"};
}

Status CheckVariant(const ModelConfig& config) {
  IOLITE_ASSIGN_OR_RETURN(const std::string positions,
                          config.Text("position_embedding_type", "absolute"));
  IOLITE_ASSIGN_OR_RETURN(const bool is_decoder, config.Flag("is_decoder", false));
  if (positions == "absolute" && !is_decoder) return Status::Ok();
  return Unimplemented(
      "{}: this architecture is supported as an encoder with absolute positions, and this one has "
      "position_embedding_type `{}`, is_decoder {}",
      config.path(), positions, is_decoder);
}

/// What configurations of this family spell alike; names as BERT has them.
Result<EncoderPlan> PlanFamily(const ModelConfig& config) {
  EncoderPlan plan;
  IOLITE_RETURN_IF_ERROR(CheckVariant(config));
  IOLITE_RETURN_IF_ERROR(ReadSizes(config, {}, &plan));
  IOLITE_RETURN_IF_ERROR(ReadEpsilon(config, "layer_norm_eps", 1e-12, &plan));
  IOLITE_ASSIGN_OR_RETURN(plan.activation, config.Text("hidden_act", "gelu"));
  IOLITE_ASSIGN_OR_RETURN(plan.position_row_count, config.Size("max_position_embeddings", 512));
  plan.position_count_max = plan.position_row_count;
  plan.word_table = "embeddings.word_embeddings.weight";
  plan.position_table = "embeddings.position_embeddings.weight";
  plan.type_table = "embeddings.token_type_embeddings.weight";
  plan.embedding_norm = "embeddings.LayerNorm";
  plan.names = BertLayer();
  plan.token_head = {.classifier = {.name = "classifier"}};
  return plan;
}

/// Positions begin behind the padding token's, which takes its row and those before it.
Status StartBehindPadding(const ModelConfig& config, int64_t padding_id, EncoderPlan* plan) {
  plan->positions = PositionScheme::kLearnedAfterPadding;
  plan->padding_id = padding_id;
  plan->position_count_max = plan->position_row_count - padding_id - 1;
  if (padding_id >= 0 && plan->position_count_max >= 1) return Status::Ok();
  return InvalidArgument(
      "{}: max_position_embeddings {} leaves no position behind the padding token's, {}",
      config.path(), plan->position_row_count, padding_id);
}

/// A dense layer and a projection, over the first token's vector.
HeadPlan RobertaHead() {
  return {.dense = MatrixPlan{.name = "classifier.dense"},
          .activation = "tanh",
          .classifier = {.name = "classifier.out_proj"}};
}

}  // namespace

Result<EncoderPlan> PlanBert(const ModelConfig& config) {
  IOLITE_ASSIGN_OR_RETURN(EncoderPlan plan, PlanFamily(config));
  IOLITE_ASSIGN_OR_RETURN(plan.type_count, config.Size("type_vocab_size", 2));
  plan.prefixes = {"bert.", ""};
  plan.text_head = {.dense = MatrixPlan{.name = "pooler.dense"},
                    .dense_in_encoder = true,
                    .activation = "tanh",
                    .classifier = {.name = "classifier"}};
  return plan;
}

Result<EncoderPlan> PlanRoberta(const ModelConfig& config) {
  IOLITE_ASSIGN_OR_RETURN(EncoderPlan plan, PlanFamily(config));
  IOLITE_ASSIGN_OR_RETURN(plan.type_count, config.Size("type_vocab_size", 2));
  IOLITE_ASSIGN_OR_RETURN(const int64_t padding_id, config.Integer("pad_token_id", 1));
  IOLITE_RETURN_IF_ERROR(StartBehindPadding(config, padding_id, &plan));
  plan.prefixes = {"roberta.", ""};
  plan.text_head = RobertaHead();
  return plan;
}

Result<EncoderPlan> PlanMpNet(const ModelConfig& config) {
  IOLITE_ASSIGN_OR_RETURN(EncoderPlan plan, PlanFamily(config));
  // The origin has it in its code, whatever the configuration says.
  constexpr int64_t kPaddingId = 1;
  IOLITE_RETURN_IF_ERROR(StartBehindPadding(config, kPaddingId, &plan));
  IOLITE_ASSIGN_OR_RETURN(plan.relative_bucket_count,
                          config.Size("relative_attention_num_buckets", 32));
  if (plan.relative_bucket_count < 4 || plan.relative_bucket_count % 4 != 0) {
    return InvalidArgument("{}: relative_attention_num_buckets {} is no multiple of 4",
                           config.path(), plan.relative_bucket_count);
  }
  plan.prefixes = {"mpnet.", ""};
  plan.relative_table = "encoder.relative_attention_bias.weight";
  plan.names.query = {.name = "attention.attn.q"};
  plan.names.key = {.name = "attention.attn.k"};
  plan.names.value = {.name = "attention.attn.v"};
  plan.names.output = {.name = "attention.attn.o"};
  plan.names.attention_norm = "attention.LayerNorm";
  plan.text_head = RobertaHead();
  return plan;
}

Result<EncoderPlan> PlanDistilBert(const ModelConfig& config) {
  EncoderPlan plan;
  IOLITE_RETURN_IF_ERROR(ReadSizes(
      config,
      {.hidden = "dim", .heads = "n_heads", .layers = "n_layers", .feed_forward = "hidden_dim"},
      &plan));
  plan.norm_epsilon = 1e-12f;
  IOLITE_ASSIGN_OR_RETURN(plan.activation, config.Text("activation", "gelu"));
  IOLITE_ASSIGN_OR_RETURN(plan.position_row_count, config.Size("max_position_embeddings", 512));
  plan.position_count_max = plan.position_row_count;
  plan.prefixes = {"distilbert.", ""};
  plan.word_table = "embeddings.word_embeddings.weight";
  plan.position_table = "embeddings.position_embeddings.weight";
  plan.embedding_norm = "embeddings.LayerNorm";
  plan.names = {.prefix = "transformer.layer.{}.",
                .query = {.name = "attention.q_lin"},
                .key = {.name = "attention.k_lin"},
                .value = {.name = "attention.v_lin"},
                .output = {.name = "attention.out_lin"},
                .attention_norm = "sa_layer_norm",
                .feed_in = {.name = "ffn.lin1"},
                .feed_out = {.name = "ffn.lin2"},
                .feed_norm = "output_layer_norm"};
  plan.text_head = {.dense = MatrixPlan{.name = "pre_classifier"},
                    .activation = "relu",
                    .classifier = {.name = "classifier"}};
  plan.token_head = {.classifier = {.name = "classifier"}};
  return plan;
}

}  // namespace iolite::models
