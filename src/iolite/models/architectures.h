#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "iolite/base/status.h"
#include "iolite/models/checkpoint.h"
#include "iolite/models/encoders/parts.h"
#include "iolite/models/model_config.h"
#include "iolite/program/graph_builder.h"

namespace iolite::models {

/// What a configuration says about an encoder before any weight is read.
struct EncoderShape {
  int64_t hidden_size = 0;
  int64_t vocabulary_size = 0;
  int64_t position_count_max = 0;  ///< tokens a text may have
};

/// An encoder that is built from a checkpoint.
struct Architecture {
  std::string_view model_type;  ///< `model_type` of config.json
  std::string_view title;       ///< for people
  Result<EncoderShape> (*inspect)(const ModelConfig& config);
  /// Adds the encoder to the graph and returns its token vectors, [batch, sequence, hidden].
  Result<program::Value> (*build)(const ModelConfig& config, const Checkpoint& checkpoint,
                                  const EncoderInputs& inputs, program::GraphBuilder& graph);
};

/// Every architecture there is. The manual's list and the error's are made of this.
std::span<const Architecture> Architectures();
/// `bert, ...`
std::string ArchitectureNames();
/// kUnimplemented names the model's type and lists the supported ones.
Result<const Architecture*> FindArchitecture(const ModelConfig& config);

}  // namespace iolite::models
