#pragma once

#include "iolite/base/status.h"
#include "iolite/models/encoders/encoder_plan.h"
#include "iolite/models/model_config.h"

namespace iolite::models {

/// What each architecture's config.json says, as a plan. kInvalidArgument names a key that is
/// missing or does not fit; kUnimplemented a variant that no piece is there for.

Result<EncoderPlan> PlanBert(const ModelConfig& config);
Result<EncoderPlan> PlanDistilBert(const ModelConfig& config);
Result<EncoderPlan> PlanRoberta(const ModelConfig& config);  ///< and XLM-RoBERTa, CamemBERT
Result<EncoderPlan> PlanMpNet(const ModelConfig& config);
Result<EncoderPlan> PlanModernBert(const ModelConfig& config);
Result<EncoderPlan> PlanNomicBert(const ModelConfig& config);
Result<EncoderPlan> PlanGte(const ModelConfig& config);
Result<EncoderPlan> PlanQwen3(const ModelConfig& config);

}  // namespace iolite::models
