#pragma once

#include "iolite/base/status.h"
#include "iolite/models/encoders/parts.h"

namespace iolite::models {

/// Adds the encoder that `plan` describes: its token vectors, [batch, sequence, hidden].
/// kInvalidArgument names a tensor that is missing or has another shape.
Result<program::Value> BuildEncoder(const EncoderPlan& plan, const Checkpoint& checkpoint,
                                    const EncoderInputs& inputs, program::GraphBuilder& graph);

/// Which vectors a head labels.
enum class HeadUnit { kText, kToken };

/// Adds the plan's head behind BuildEncoder's token vectors: logits, [batch, labels] or
/// [batch, sequence, labels].
Result<program::Value> BuildHead(const EncoderPlan& plan, const Checkpoint& checkpoint,
                                 HeadUnit unit, const program::Value& tokens,
                                 const EncoderInputs& inputs, int64_t label_count,
                                 program::GraphBuilder& graph);

}  // namespace iolite::models
