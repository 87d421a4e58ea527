#pragma once

#include <optional>

#include "iolite/base/status.h"
#include "iolite/models/modules.h"
#include "iolite/program/graph_builder.h"

namespace iolite::models {

/// What pooling sees of a batch.
struct PoolingInputs {
  program::Value tokens;  ///< [batch, sequence, hidden]
  program::Value mask;    ///< i32 [batch, sequence]: 1 for a token
  /// i32 [batch, sequence]: `mask` without the prompt's tokens; absent when they are pooled too.
  std::optional<program::Value> pooled_mask;
};

/// Adds pooling to the graph: [batch, hidden * modes].
program::Value AddPooling(const PoolingModule& pooling, const PoolingInputs& inputs,
                          program::GraphBuilder& graph);

/// A text's vector on its way through the modules.
struct HeadOutput {
  program::Value vector;  ///< [batch, size]
  int64_t size = 0;
};

/// Adds all modules, pooling first. Their weights are read from the folders they name.
Result<HeadOutput> AddModules(const SentenceModel& model, const PoolingInputs& inputs,
                              int64_t hidden_size, program::GraphBuilder& graph);

/// How long the vectors are that come out of AddModules. kInvalidArgument when sizes do not follow.
Result<int64_t> OutputSize(const SentenceModel& model, int64_t hidden_size);

}  // namespace iolite::models
