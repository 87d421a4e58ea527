#pragma once

#include <string_view>

#include "iolite/base/status.h"
#include "iolite/models/encoders/encoder_plan.h"
#include "iolite/models/model_config.h"

namespace iolite::models {

/// The keys under which a configuration keeps an encoder's sizes.
struct SizeKeys {
  std::string_view hidden = "hidden_size";
  std::string_view heads = "num_attention_heads";
  std::string_view layers = "num_hidden_layers";
  std::string_view feed_forward = "intermediate_size";
};

/// Fills in the sizes that every encoder has, with heads that divide the hidden size evenly.
Status ReadSizes(const ModelConfig& config, const SizeKeys& keys, EncoderPlan* plan);

/// `layer_norm_eps`, or what else the key is.
Status ReadEpsilon(const ModelConfig& config, std::string_view key, double fallback,
                   EncoderPlan* plan);

/// The angles that `rope_parameters` (of `section`, where it has sections), or the older
/// `theta_key` and `rope_scaling`, ask for. kUnimplemented for a scaling other than NTK's.
Result<RotaryPlan> ReadRotary(const ModelConfig& config, std::string_view section,
                              std::string_view theta_key, double fallback);

/// kUnimplemented unless the flag `key` is `wanted`.
Status RequireFlag(const ModelConfig& config, std::string_view key, bool wanted);

}  // namespace iolite::models
