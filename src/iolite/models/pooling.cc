#include "iolite/models/pooling.h"

#include <limits>
#include <memory>

#include "iolite/models/checkpoint.h"
#include "iolite/models/encoders/parts.h"

namespace iolite::models {
namespace {

using program::GraphBuilder;
using program::TensorType;
using program::Value;

/// Pools token vectors. Masks are counted in integers, because a graph that runs in bf16 would
/// round positions past 256.
class Pooler {
 public:
  Pooler(const PoolingInputs& inputs, GraphBuilder& graph)
      : graph_(graph),
        tokens_(inputs.tokens),
        mask_(inputs.mask),
        pooled_(inputs.pooled_mask.value_or(inputs.mask)),
        excludes_prompt_(inputs.pooled_mask.has_value()) {}

  Value Pool(PoolingMode mode) {
    switch (mode) {
      case PoolingMode::kCls: return First();
      case PoolingMode::kMax: return Max();
      case PoolingMode::kMean: return graph_.Div(Sum(pooled_), AtLeast(Count(pooled_)));
      case PoolingMode::kMeanSqrtLength:
        return graph_.Div(Sum(pooled_), graph_.Sqrt(AtLeast(Count(pooled_))));
      case PoolingMode::kWeightedMean: return WeightedMean();
      case PoolingMode::kLastToken: return Sum(Last());
    }
    return tokens_;
  }

 private:
  /// The first token; where the prompt is left out, the first after it.
  Value First() {
    if (!excludes_prompt_) return graph_.Gather(tokens_, graph_.Int64(0), 1);
    const Value counted = graph_.Cast(graph_.CumSum(pooled_, 1), TensorType::kI64);
    const Value is_first = graph_.Cast(graph_.Equal(counted, graph_.Int64(1)), TensorType::kI32);
    return Sum(graph_.Mul(pooled_, is_first));
  }

  Value Last() {
    const Value counted = graph_.CumSum(mask_, 1);
    const Value is_last = graph_.Equal(counted, graph_.ReduceMax(counted, 1, true));
    return graph_.Mul(pooled_, graph_.Cast(is_last, TensorType::kI32));
  }

  Value Max() {
    const Value seen = graph_.Cast(graph_.Reshape(pooled_, {0, -1, 1}), TensorType::kBool);
    const Value lowest = graph_.Float(std::numeric_limits<float>::lowest());
    return graph_.ReduceMax(graph_.Where(seen, tokens_, lowest), 1, false);
  }

  /// A token's weight is its place, counted from 1.
  Value WeightedMean() {
    const Value weights = graph_.Mul(graph_.CumSum(mask_, 1), pooled_);
    return graph_.Div(Sum(weights), AtLeast(Count(weights)));
  }

  /// Token vectors times their weights, added up: [batch, hidden].
  Value Sum(const Value& weights) {
    const Value column = graph_.Cast(graph_.Reshape(weights, {0, -1, 1}), TensorType::kF32);
    return graph_.ReduceSum(graph_.Mul(tokens_, column), 1, false);
  }

  Value Count(const Value& weights) {
    return graph_.ReduceSum(graph_.Cast(weights, TensorType::kF32), 1, true);
  }

  Value AtLeast(const Value& count) { return graph_.Max(count, graph_.Float(1e-9f)); }

  GraphBuilder& graph_;
  const Value tokens_;
  const Value mask_;
  const Value pooled_;
  const bool excludes_prompt_;
};

/// Adds the modules behind pooling, one after the other.
class HeadBuilder {
 public:
  HeadBuilder(HeadOutput output, GraphBuilder& graph) : output_(std::move(output)), graph_(graph) {}

  Status operator()(const PoolingModule&) { return Status::Ok(); }

  Status operator()(const NormalizeModule&) {
    output_.vector = graph_.Normalize(output_.vector);
    return Status::Ok();
  }

  Status operator()(const DenseModule& dense) {
    IOLITE_ASSIGN_OR_RETURN(const auto checkpoint, Checkpoint::Open(dense.folder));
    const auto weight = [&](const char* name, const std::vector<int64_t>& shape) {
      return LoadOwn(*checkpoint, dense.folder, name, shape);
    };
    const Value x = output_.vector;
    IOLITE_ASSIGN_OR_RETURN(const Value matrix,
                            weight("linear.weight", {dense.out_size, dense.in_size}));
    Value y;
    if (dense.bias) {
      IOLITE_ASSIGN_OR_RETURN(const Value bias, weight("linear.bias", {dense.out_size}));
      y = graph_.Linear(x, matrix, bias);
    } else {
      y = graph_.Linear(x, matrix);
    }
    IOLITE_ASSIGN_OR_RETURN(y, Activation(graph_, dense.activation, y));
    if (dense.residual && dense.in_size == dense.out_size) {
      y = graph_.Add(y, x);
    } else if (dense.residual) {
      IOLITE_ASSIGN_OR_RETURN(const Value residual,
                              weight("residual.weight", {dense.out_size, dense.in_size}));
      y = graph_.Add(y, graph_.Linear(x, residual));
    }
    output_ = {.vector = y, .size = dense.out_size};
    return Status::Ok();
  }

  Status operator()(const LayerNormModule& norm) {
    IOLITE_ASSIGN_OR_RETURN(const auto checkpoint, Checkpoint::Open(norm.folder));
    IOLITE_ASSIGN_OR_RETURN(const Value scale,
                            LoadOwn(*checkpoint, norm.folder, "norm.weight", {norm.size}));
    IOLITE_ASSIGN_OR_RETURN(const Value bias,
                            LoadOwn(*checkpoint, norm.folder, "norm.bias", {norm.size}));
    constexpr float kEpsilon = 1e-5f;  // PyTorch's default, which this module always has
    output_.vector = graph_.LayerNorm(output_.vector, scale, bias, kEpsilon);
    return Status::Ok();
  }

  const HeadOutput& output() const { return output_; }

 private:
  /// Modules name their tensors alike, so the folder goes in front of the name.
  Result<Value> LoadOwn(const Checkpoint& checkpoint, const std::string& folder, const char* name,
                        const std::vector<int64_t>& shape) {
    IOLITE_ASSIGN_OR_RETURN(auto weight, checkpoint.Load(name, shape));
    weight.name = folder.substr(folder.rfind('/') + 1) + "/" + name;
    return graph_.AddWeight(std::move(weight));
  }

  HeadOutput output_;
  GraphBuilder& graph_;
};

/// Follows the size of a text's vector through the modules.
struct SizeFollower {
  int64_t size;

  Status operator()(const PoolingModule& pooling) {
    size *= static_cast<int64_t>(pooling.modes.size());
    return Status::Ok();
  }
  Status operator()(const NormalizeModule&) { return Status::Ok(); }
  Status operator()(const DenseModule& dense) {
    IOLITE_RETURN_IF_ERROR(Expect(dense.in_size, dense.folder));
    size = dense.out_size;
    return Status::Ok();
  }
  Status operator()(const LayerNormModule& norm) { return Expect(norm.size, norm.folder); }

  Status Expect(int64_t wanted, const std::string& folder) const {
    if (wanted == size) return Status::Ok();
    return InvalidArgument("{} takes vectors of {} numbers, and gets {}", folder, wanted, size);
  }
};

}  // namespace

Value AddPooling(const PoolingModule& pooling, const PoolingInputs& inputs, GraphBuilder& graph) {
  Pooler pooler(inputs, graph);
  std::vector<Value> parts;
  for (const PoolingMode mode : pooling.modes) parts.push_back(pooler.Pool(mode));
  return graph.Concat(parts, 1);
}

Result<int64_t> OutputSize(const SentenceModel& model, int64_t hidden_size) {
  SizeFollower follower{hidden_size};
  for (const Module& module : model.modules) IOLITE_RETURN_IF_ERROR(std::visit(follower, module));
  return follower.size;
}

Result<HeadOutput> AddModules(const SentenceModel& model, const PoolingInputs& inputs,
                              int64_t hidden_size, GraphBuilder& graph) {
  IOLITE_RETURN_IF_ERROR(OutputSize(model, hidden_size).status());
  const PoolingModule& pooling = model.pooling();
  HeadBuilder head({.vector = AddPooling(pooling, inputs, graph),
                    .size = hidden_size * static_cast<int64_t>(pooling.modes.size())},
                   graph);
  for (const Module& module : model.modules) IOLITE_RETURN_IF_ERROR(std::visit(head, module));
  return head.output();
}

}  // namespace iolite::models
