#pragma once

#include "iolite/base/status.h"
#include "iolite/models/architectures.h"

namespace iolite::models {

/// BERT: learned positions from 0, post-norm layers, dense attention.
Result<EncoderShape> InspectBert(const ModelConfig& config);
Result<program::Value> BuildBert(const ModelConfig& config, const Checkpoint& checkpoint,
                                 const EncoderInputs& inputs, program::GraphBuilder& graph);

}  // namespace iolite::models
