#include "iolite/models/encoders/plan_sizes.h"

namespace iolite::models {
namespace {

/// `rope_parameters`, or its part for one kind of layer.
Result<std::optional<ModelConfig>> RopeParameters(const ModelConfig& config,
                                                  std::string_view section) {
  IOLITE_ASSIGN_OR_RETURN(auto rope, config.Object("rope_parameters"));
  if (!rope || section.empty()) return rope;
  return rope->Object(section);
}

Status ReadScaling(const ModelConfig& scaling, RotaryPlan* rotary) {
  IOLITE_ASSIGN_OR_RETURN(const std::string old_type, scaling.Text("type", "default"));
  IOLITE_ASSIGN_OR_RETURN(const std::string type, scaling.Text("rope_type", old_type));
  if (type == "default") return Status::Ok();
  if (type == "ntk") {
    IOLITE_ASSIGN_OR_RETURN(rotary->factor, scaling.Number("factor"));
    if (rotary->factor >= 1) return Status::Ok();
    return InvalidArgument("{}: `factor` must be at least 1, and is {}", scaling.path(),
                           rotary->factor);
  }
  return Unimplemented(
      "{}: rotary positions of type `{}` are not supported; these are: default, ntk",
      scaling.path(), type);
}

}  // namespace

Status ReadSizes(const ModelConfig& config, const SizeKeys& keys, EncoderPlan* plan) {
  IOLITE_ASSIGN_OR_RETURN(plan->hidden_size, config.Size(keys.hidden));
  IOLITE_ASSIGN_OR_RETURN(plan->attention.head_count, config.Size(keys.heads));
  IOLITE_ASSIGN_OR_RETURN(const int64_t layer_count, config.Size(keys.layers));
  IOLITE_ASSIGN_OR_RETURN(plan->vocabulary_size, config.Size("vocab_size"));
  if (config.Has(keys.feed_forward)) {
    IOLITE_ASSIGN_OR_RETURN(plan->feed_forward_size, config.Size(keys.feed_forward));
  } else {
    plan->feed_forward_size = 4 * plan->hidden_size;
  }
  if (plan->hidden_size % plan->attention.head_count != 0) {
    return InvalidArgument("{}: {} {} is no multiple of {} {}", config.path(), keys.hidden,
                           plan->hidden_size, keys.heads, plan->attention.head_count);
  }
  constexpr int64_t kLayerCountMax = 1000;
  if (layer_count > kLayerCountMax) {
    return InvalidArgument("{}: {} is {}, more than {}", config.path(), keys.layers, layer_count,
                           kLayerCountMax);
  }
  plan->attention.key_head_count = plan->attention.head_count;
  plan->attention.head_size = plan->hidden_size / plan->attention.head_count;
  plan->layers.resize(static_cast<size_t>(layer_count));
  return Status::Ok();
}

Status ReadEpsilon(const ModelConfig& config, std::string_view key, double fallback,
                   EncoderPlan* plan) {
  IOLITE_ASSIGN_OR_RETURN(const double epsilon, config.Number(key, fallback));
  plan->norm_epsilon = static_cast<float>(epsilon);
  return Status::Ok();
}

Result<RotaryPlan> ReadRotary(const ModelConfig& config, std::string_view section,
                              std::string_view theta_key, double fallback) {
  RotaryPlan rotary;
  IOLITE_ASSIGN_OR_RETURN(rotary.base, config.Number(theta_key, fallback));
  IOLITE_ASSIGN_OR_RETURN(const auto scaling, config.Object("rope_scaling"));
  if (scaling) IOLITE_RETURN_IF_ERROR(ReadScaling(*scaling, &rotary));
  IOLITE_ASSIGN_OR_RETURN(const auto rope, RopeParameters(config, section));
  if (!rope) return rotary;
  IOLITE_ASSIGN_OR_RETURN(rotary.base, rope->Number("rope_theta", rotary.base));
  IOLITE_RETURN_IF_ERROR(ReadScaling(*rope, &rotary));
  return rotary;
}

Status RequireFlag(const ModelConfig& config, std::string_view key, bool wanted) {
  IOLITE_ASSIGN_OR_RETURN(const bool flag, config.Flag(key, wanted));
  if (flag == wanted) return Status::Ok();
  return Unimplemented("{}: `{}` is {}, and only {} is supported for this architecture",
                       config.path(), key, flag, wanted);
}

}  // namespace iolite::models
