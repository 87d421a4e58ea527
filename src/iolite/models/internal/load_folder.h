#pragma once

#include <memory>
#include <string>

#include "iolite/models/embedder.h"
#include "iolite/models/model_store.h"

namespace iolite::models {

/// What a model's folder is loaded with.
struct LoadOrder {
  ResolvedModel model;
  program::Precision precision = program::Precision::kF32;
  int32_t thread_count = 0;
  int32_t batch_token_count_max = 0;
  std::shared_ptr<program::Runtime> runtime;
  Executor* executor = nullptr;
};

/// Loads what the folder holds. kNotFound and kInvalidArgument name the file that is missing or
/// wrong; kUnimplemented names the architecture, and those that are supported.
Result<std::shared_ptr<const Embedder>> LoadEmbedderFolder(const RequestContext& context,
                                                           const LoadOrder& order);

/// The same for models of other tasks.
Result<std::shared_ptr<const Reranker>> LoadRerankerFolder(const RequestContext& context,
                                                           const LoadOrder& order);
Result<std::shared_ptr<const Classifier>> LoadClassifierFolder(const RequestContext& context,
                                                               const LoadOrder& order);
Result<std::shared_ptr<const TokenClassifier>> LoadTokenClassifierFolder(
    const RequestContext& context, const LoadOrder& order);

/// The same errors and the same info, from configuration and headers alone where that can be.
Result<EmbedderInfo> InspectFolder(const LoadOrder& order);

}  // namespace iolite::models
