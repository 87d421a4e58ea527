#include "iolite/models/encoders/attention.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

namespace iolite::models {
namespace {

using program::GraphBuilder;
using program::TensorType;
using program::Value;
using program::Weight;

/// What hides a token. Not the most negative number: bf16 would round it to an infinity, and a row
/// in which everything is hidden, as padding's is, to no number at all.
constexpr float kHidden = -1e30f;

Weight TableOf(std::string name, std::vector<int64_t> shape, std::vector<float> values) {
  auto owner = std::make_shared<std::vector<float>>(std::move(values));
  return {.name = std::move(name),
          .shape = std::move(shape),
          .data = owner->data(),
          .owner = owner,
          .is_parameter = false};
}

/// A function of every place's angles, [places, head size]: both halves of a head turn alike. The
/// arithmetic is that of single precision, as the origins have it.
std::vector<float> AngleTable(const RotaryPlan& rotary, int64_t place_count, int64_t head_size,
                              double (*function)(double)) {
  const int64_t half = head_size / 2;
  std::vector<float> table(static_cast<size_t>(place_count * head_size));
  const double base = rotary.base * rotary.factor;
  const double shrink = std::pow(rotary.factor, 2.0 / static_cast<double>(head_size));
  for (int64_t i = 0; i < half; ++i) {
    const double exponent = static_cast<double>(2 * i) / static_cast<double>(head_size);
    const auto speed = static_cast<float>(1.0 / (std::pow(base, exponent) * shrink));
    for (int64_t place = 0; place < place_count; ++place) {
      const float angle = static_cast<float>(place) * speed;
      const auto value = static_cast<float>(function(angle));
      table[static_cast<size_t>(place * head_size + i)] = value;
      table[static_cast<size_t>(place * head_size + i + half)] = value;
    }
  }
  return table;
}

}  // namespace

int64_t RelativeBucket(int64_t distance, int64_t bucket_count) {
  constexpr double kDistanceMax = 128;
  const int64_t half = bucket_count / 2;
  const int64_t exact = half / 2;
  const int64_t side = distance > 0 ? half : 0;
  const int64_t far = std::abs(distance);
  if (far < exact) return side + far;
  const auto scale = static_cast<float>(std::log(kDistanceMax / static_cast<double>(exact)));
  const float log = std::log(static_cast<float>(far) / static_cast<float>(exact));
  const auto step = static_cast<int64_t>(log / scale * static_cast<float>(half - exact));
  return side + std::min(exact + step, half - 1);
}

Result<AttentionBuilder> AttentionBuilder::Make(EncoderParts* parts, const EncoderInputs& inputs) {
  AttentionBuilder attention(parts);
  GraphBuilder& graph = attention.graph_;
  attention.input_shape_ = graph.Shape(inputs.ids);
  attention.length_ = graph.Gather(attention.input_shape_, graph.Int64(1), 0);
  attention.mask_ = graph.Reshape(inputs.mask, {0, 1, 1, -1});
  if (parts->plan().relative_bucket_count > 0) {
    IOLITE_RETURN_IF_ERROR(attention.AddRelativeBias());
  }
  return attention;
}

/// Places of the tokens: 0, 1, ...
Value AttentionBuilder::Places() { return graph_.Range(length_); }

Status AttentionBuilder::AddRelativeBias() {
  const EncoderPlan& plan = parts_.plan();
  const int64_t farthest = plan.position_count_max - 1;
  std::vector<int64_t> buckets;
  for (int64_t distance = -farthest; distance <= farthest; ++distance) {
    buckets.push_back(RelativeBucket(distance, plan.relative_bucket_count));
  }
  IOLITE_ASSIGN_OR_RETURN(
      const Value table,
      parts_.Tensor(plan.relative_table, {plan.relative_bucket_count, plan.attention.head_count}));
  // [heads, distances]: a head's biases lie side by side, as they are looked up.
  const Value by_distance =
      graph_.Transpose(graph_.Gather(table, graph_.Int64s(buckets), 0), {1, 0});
  const Value places = Places();
  const Value distances =
      graph_.Sub(graph_.Reshape(places, {1, -1}), graph_.Reshape(places, {-1, 1}));
  relative_bias_ = graph_.Gather(by_distance, graph_.Add(distances, graph_.Int64(farthest)), 1);
  return Status::Ok();
}

/// What is added to a layer's scores: kHidden for each token that must not be seen.
Value AttentionBuilder::Bias(int64_t window) {
  if (const auto found = biases_.find(window); found != biases_.end()) return found->second;
  Value seen = mask_;
  const Value places = Places();
  const Value rows = graph_.Reshape(places, {-1, 1});
  const Value columns = graph_.Reshape(places, {1, -1});
  if (window > 0) {
    const Value near =
        graph_.LessOrEqual(graph_.Abs(graph_.Sub(rows, columns)), graph_.Int64(window));
    seen = graph_.Mul(seen, graph_.Cast(near, TensorType::kI32));
  }
  if (parts_.plan().causal) {
    seen = graph_.Mul(seen, graph_.Cast(graph_.LessOrEqual(columns, rows), TensorType::kI32));
  }
  const Value hidden = graph_.Sub(graph_.Float(1.0f), graph_.Cast(seen, TensorType::kF32));
  Value bias = graph_.Mul(hidden, graph_.Float(kHidden));
  if (!relative_bias_.name.empty()) bias = graph_.Add(relative_bias_, bias);
  return biases_[window] = bias;
}

const AttentionBuilder::Angles& AttentionBuilder::AnglesOf(const RotaryPlan& rotary) {
  for (const auto& [known, angles] : turns_) {
    if (known == rotary) return angles;
  }
  const int64_t size = parts_.plan().attention.head_size;
  const int64_t count = parts_.plan().position_count_max;
  const auto rows = [&](const char* kind, double (*function)(double)) {
    const Value table =
        graph_.AddWeight(TableOf(fmt::format("rotary.{}.{}", turns_.size(), kind), {count, size},
                                 AngleTable(rotary, count, size, function)));
    return graph_.Slice(table, graph_.Int64s({0}), graph_.Reshape(length_, {1}), 0);
  };
  Angles angles{.cos = rows("cos", std::cos), .sin = rows("sin", std::sin)};
  return turns_.emplace_back(rotary, std::move(angles)).second;
}

/// x [batch, heads, sequence, head size]: element i of a head's first half and element i of its
/// second are one point of a plane.
Value AttentionBuilder::Turn(const Value& x, const Angles& angles) {
  const int64_t half = parts_.plan().attention.head_size / 2;
  const Value first = graph_.Slice(x, graph_.Int64s({0}), graph_.Int64s({half}), 3);
  const Value second = graph_.Slice(x, graph_.Int64s({half}), graph_.Int64s({2 * half}), 3);
  const Value turned = graph_.Concat({graph_.Mul(second, graph_.Float(-1.0f)), first}, 3);
  return graph_.Add(graph_.Mul(x, angles.cos), graph_.Mul(turned, angles.sin));
}

/// x [tokens, hidden] as [batch, heads, sequence, head size].
Result<Value> AttentionBuilder::Heads(const Value& x, const MatrixPlan& matrix,
                                      const std::string& norm, int64_t head_count) {
  const EncoderPlan& plan = parts_.plan();
  const int64_t size = plan.attention.head_size;
  IOLITE_ASSIGN_OR_RETURN(Value y, parts_.Matrix(x, matrix, plan.hidden_size, head_count * size));
  y = graph_.ReshapeTo(y, graph_.Concat({input_shape_, graph_.Int64s({head_count, size})}, 0));
  if (!norm.empty()) {
    IOLITE_ASSIGN_OR_RETURN(y, parts_.Norm(y, norm, size));
  }
  return graph_.Transpose(y, {0, 2, 1, 3});
}

/// Repeats each head of keys or values for the queries' heads that share it.
Value AttentionBuilder::ShareHeads(const Value& x) {
  const AttentionShape& shape = parts_.plan().attention;
  const int64_t group = shape.head_count / shape.key_head_count;
  if (group == 1) return x;
  std::vector<int64_t> sources;
  for (int64_t head = 0; head < shape.head_count; ++head) sources.push_back(head / group);
  return graph_.Gather(x, graph_.Int64s(sources), 1);
}

Result<Value> AttentionBuilder::Attend(const Value& x, const LayerPlan& layer,
                                       const std::string& prefix) {
  const EncoderPlan& plan = parts_.plan();
  const AttentionShape& shape = plan.attention;
  const auto named = [&](MatrixPlan matrix) {
    matrix.name = prefix + matrix.name;
    return matrix;
  };
  const auto norm = [&](const std::string& name) { return name.empty() ? "" : prefix + name; };
  IOLITE_ASSIGN_OR_RETURN(Value query, Heads(x, named(plan.names.query),
                                             norm(plan.names.query_norm), shape.head_count));
  IOLITE_ASSIGN_OR_RETURN(
      Value key, Heads(x, named(plan.names.key), norm(plan.names.key_norm), shape.key_head_count));
  IOLITE_ASSIGN_OR_RETURN(Value value, Heads(x, named(plan.names.value), "", shape.key_head_count));
  if (plan.positions == PositionScheme::kRotary) {
    const Angles& angles = AnglesOf(layer.rotary);
    query = Turn(query, angles);
    key = Turn(key, angles);
  }
  const Value keys = graph_.Transpose(ShareHeads(key), {0, 1, 3, 2});
  const float scale = 1.0f / std::sqrt(static_cast<float>(shape.head_size));
  const Value scores = graph_.Mul(graph_.MatMul(query, keys), graph_.Float(scale));
  const Value weights = graph_.Softmax(graph_.Add(scores, Bias(layer.window)), -1);
  const Value mixed = graph_.MatMul(weights, ShareHeads(value));
  const int64_t width = shape.head_count * shape.head_size;
  const Value flat = graph_.Reshape(graph_.Transpose(mixed, {0, 2, 1, 3}), {-1, width});
  return parts_.Matrix(flat, named(plan.names.output), width, plan.hidden_size);
}

Value AttentionBuilder::Unflatten(const Value& x, int64_t width) {
  return graph_.ReshapeTo(x, graph_.Concat({input_shape_, graph_.Int64s({width})}, 0));
}

}  // namespace iolite::models
