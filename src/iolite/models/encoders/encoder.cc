#include "iolite/models/encoders/encoder.h"

#include <fmt/format.h>

#include "iolite/models/encoders/attention.h"
#include "iolite/models/pooling.h"

namespace iolite::models {
namespace {

using program::GraphBuilder;
using program::TensorType;
using program::Value;

/// Puts one model together; the pieces are called in the order in which tokens pass them.
class EncoderBuilder {
 public:
  EncoderBuilder(EncoderParts* parts, AttentionBuilder* attention)
      : plan_(parts->plan()), parts_(*parts), attention_(*attention), graph_(parts->graph()) {}

  Result<Value> Build(const EncoderInputs& inputs) {
    IOLITE_ASSIGN_OR_RETURN(Value x, Embeddings(inputs));
    for (size_t i = 0; i < plan_.layers.size(); ++i) {
      const std::string prefix = fmt::format(fmt::runtime(plan_.names.prefix), i);
      IOLITE_ASSIGN_OR_RETURN(x, Layer(x, plan_.layers[i], prefix));
    }
    if (!plan_.final_norm.empty()) {
      IOLITE_ASSIGN_OR_RETURN(x, parts_.Norm(x, plan_.final_norm, plan_.hidden_size));
    }
    return attention_.Unflatten(x, plan_.hidden_size);
  }

 private:
  Result<Value> Embeddings(const EncoderInputs& inputs) {
    IOLITE_ASSIGN_OR_RETURN(const Value words, Table(plan_.word_table, plan_.vocabulary_size));
    Value x = graph_.Gather(words, inputs.ids, 0);
    IOLITE_ASSIGN_OR_RETURN(const auto added, AddedRows(inputs));
    if (added) x = graph_.Add(x, *added);
    if (!plan_.embedding_norm.empty()) {
      IOLITE_ASSIGN_OR_RETURN(x, parts_.Norm(x, plan_.embedding_norm, plan_.hidden_size));
    }
    return graph_.Reshape(x, {-1, plan_.hidden_size});
  }

  /// What is added to a word's row: its place's and its type's, one sum as they are small.
  Result<std::optional<Value>> AddedRows(const EncoderInputs& inputs) {
    std::optional<Value> sum;
    if (plan_.positions != PositionScheme::kRotary) {
      IOLITE_ASSIGN_OR_RETURN(sum, PositionRows(inputs));
    }
    if (plan_.type_count > 0) {
      IOLITE_ASSIGN_OR_RETURN(const Value types, TypeRows(inputs));
      sum = sum ? graph_.Add(*sum, types) : types;
    }
    return sum;
  }

  Result<Value> Table(const std::string& name, int64_t row_count) {
    return parts_.Tensor(name, {row_count, plan_.hidden_size});
  }

  Result<Value> PositionRows(const EncoderInputs& inputs) {
    IOLITE_ASSIGN_OR_RETURN(const Value table,
                            Table(plan_.position_table, plan_.position_row_count));
    if (plan_.positions == PositionScheme::kLearned) {
      const Value length =
          graph_.Slice(graph_.Shape(inputs.ids), graph_.Int64s({1}), graph_.Int64s({2}), 0);
      return graph_.Slice(table, graph_.Int64s({0}), length, 0);
    }
    const Value padding = graph_.Cast(graph_.Int64(plan_.padding_id), TensorType::kI32);
    const Value is_padding = graph_.Cast(graph_.Equal(inputs.ids, padding), TensorType::kI32);
    const Value one = graph_.Cast(graph_.Int64(1), TensorType::kI32);
    const Value real = graph_.Mul(inputs.mask, graph_.Sub(one, is_padding));
    const Value places = graph_.Add(graph_.Mul(graph_.CumSum(real, 1), real), padding);
    return graph_.Gather(table, places, 0);
  }

  Result<Value> TypeRows(const EncoderInputs& inputs) {
    IOLITE_ASSIGN_OR_RETURN(const Value table, Table(plan_.type_table, plan_.type_count));
    // A model of one type only must not look up the types that a tokenizer gives to pairs.
    if (inputs.type_ids && plan_.type_count > 1) return graph_.Gather(table, *inputs.type_ids, 0);
    return graph_.Slice(table, graph_.Int64s({0}), graph_.Int64s({1}), 0);
  }

  Result<Value> Layer(const Value& x, const LayerPlan& layer, const std::string& prefix) {
    const std::string attention_norm = prefix + plan_.names.attention_norm;
    const std::string feed_norm = prefix + plan_.names.feed_norm;
    if (!plan_.norm_first) {
      IOLITE_ASSIGN_OR_RETURN(const Value mixed, attention_.Attend(x, layer, prefix));
      IOLITE_ASSIGN_OR_RETURN(const Value attended, Norm(graph_.Add(mixed, x), attention_norm));
      IOLITE_ASSIGN_OR_RETURN(const Value fed, FeedForward(attended, prefix));
      return Norm(graph_.Add(fed, attended), feed_norm);
    }
    Value normed = x;
    if (layer.norm_before_attention) {
      IOLITE_ASSIGN_OR_RETURN(normed, Norm(x, attention_norm));
    }
    IOLITE_ASSIGN_OR_RETURN(const Value mixed, attention_.Attend(normed, layer, prefix));
    const Value attended = graph_.Add(x, mixed);
    IOLITE_ASSIGN_OR_RETURN(normed, Norm(attended, feed_norm));
    IOLITE_ASSIGN_OR_RETURN(const Value fed, FeedForward(normed, prefix));
    return graph_.Add(attended, fed);
  }

  Result<Value> Norm(const Value& x, const std::string& name) {
    return parts_.Norm(x, name, plan_.hidden_size);
  }

  Result<Value> FeedForward(const Value& x, const std::string& prefix) {
    const int64_t hidden = plan_.hidden_size, wide = plan_.feed_forward_size;
    const auto matrix = [&](const Value& input, MatrixPlan named, int64_t in, int64_t out) {
      named.name = prefix + named.name;
      return parts_.Matrix(input, named, in, out);
    };
    IOLITE_ASSIGN_OR_RETURN(const Value in, matrix(x, plan_.names.feed_in, hidden, wide));
    IOLITE_ASSIGN_OR_RETURN(Value y, Activation(graph_, plan_.activation, in));
    if (plan_.names.feed_by) {
      IOLITE_ASSIGN_OR_RETURN(const Value by, matrix(x, *plan_.names.feed_by, hidden, wide));
      y = graph_.Mul(y, by);
    }
    return matrix(y, plan_.names.feed_out, wide, hidden);
  }

  const EncoderPlan& plan_;
  EncoderParts& parts_;
  AttentionBuilder& attention_;
  GraphBuilder& graph_;
};

}  // namespace

Result<Value> BuildEncoder(const EncoderPlan& plan, const Checkpoint& checkpoint,
                           const EncoderInputs& inputs, GraphBuilder& graph) {
  IOLITE_ASSIGN_OR_RETURN(EncoderParts parts, EncoderParts::Make(plan, checkpoint, &graph));
  IOLITE_ASSIGN_OR_RETURN(AttentionBuilder attention, AttentionBuilder::Make(&parts, inputs));
  return EncoderBuilder(&parts, &attention).Build(inputs);
}

Result<Value> BuildHead(const EncoderPlan& plan, const Checkpoint& checkpoint, HeadUnit unit,
                        const Value& tokens, const EncoderInputs& inputs, int64_t label_count,
                        GraphBuilder& graph) {
  const bool text = unit == HeadUnit::kText;
  HeadPlan head = text ? plan.text_head : plan.token_head;
  if (head.dense_optional && !checkpoint.Has(head.dense->name + ".weight")) {
    head.dense.reset();
    head.norm.clear();
  }
  IOLITE_ASSIGN_OR_RETURN(EncoderParts encoder, EncoderParts::Make(plan, checkpoint, &graph));
  EncoderParts outside = encoder.WithoutPrefix();
  Value x =
      text ? AddPooling({.modes = {head.pooling}}, {.tokens = tokens, .mask = inputs.mask}, graph)
           : graph.Reshape(tokens, {-1, plan.hidden_size});
  if (head.dense) {
    EncoderParts& parts = head.dense_in_encoder ? encoder : outside;
    IOLITE_ASSIGN_OR_RETURN(x, parts.Matrix(x, *head.dense, plan.hidden_size, plan.hidden_size));
    IOLITE_ASSIGN_OR_RETURN(x, Activation(graph, head.activation, x));
  }
  if (!head.norm.empty()) {
    IOLITE_ASSIGN_OR_RETURN(x, outside.Norm(x, head.norm, plan.hidden_size));
  }
  IOLITE_ASSIGN_OR_RETURN(const Value logits,
                          outside.Matrix(x, head.classifier, plan.hidden_size, label_count));
  if (text) return logits;
  const Value shape = graph.Concat({graph.Shape(inputs.ids), graph.Int64s({label_count})}, 0);
  return graph.ReshapeTo(logits, shape);
}

}  // namespace iolite::models
