#pragma once

#include <span>
#include <string>
#include <string_view>

#include "iolite/base/status.h"
#include "iolite/models/encoders/encoder_plan.h"
#include "iolite/models/model_config.h"

namespace iolite::models {

/// An encoder that is built from a checkpoint.
struct Architecture {
  std::string_view model_type;  ///< `model_type` of config.json
  std::string_view title;       ///< for people
  Result<EncoderPlan> (*plan)(const ModelConfig& config);
};

/// Every architecture there is, from spec/architectures.json, as are the manual's list and the
/// error's.
std::span<const Architecture> Architectures();
/// `bert, ...`
std::string ArchitectureNames();
/// kUnimplemented names the model's type and lists the supported ones.
Result<const Architecture*> FindArchitecture(const ModelConfig& config);

}  // namespace iolite::models
