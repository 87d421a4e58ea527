#pragma once

#include <memory>
#include <string>

#include "iolite/base/context.h"
#include "iolite/base/executor.h"
#include "iolite/base/status.h"
#include "iolite/models/embedder.h"
#include "iolite/program/program.h"
#include "iolite/program/runtime.h"

namespace iolite::models {

struct TransformerEmbedderOptions {
  std::string model_id;
  std::string content_hash;
  program::Precision precision = program::Precision::kAuto;
  int32_t thread_count = 0;           ///< 0: all processors this process may use
  int32_t batch_token_count_max = 0;  ///< padded tokens of a batch; 0: what measured best
  std::shared_ptr<program::Runtime> runtime;
  Executor* executor =
      nullptr;  ///< shares the work of tokenizing; null tokenizes in the caller's thread
};

/// Opens a transformer from a folder: a checkpoint or model.onnx with a tokenizer, and what
/// sentence-transformers keeps beside them.
///
/// kUnimplemented names what cannot run, with what can; kNotFound when the folder has no model;
/// kDataLoss or kInvalidArgument, naming the file, when files are damaged or do not fit together.
Result<std::unique_ptr<Embedder>> OpenTransformerEmbedder(
    const std::string& folder, const TransformerEmbedderOptions& options);

/// What OpenTransformerEmbedder would give, with the same errors, without loading the weights into
/// a runtime.
Result<EmbedderInfo> InspectTransformer(const std::string& folder,
                                        const TransformerEmbedderOptions& options);

/// The program of a folder, for other runtimes and for comparisons.
Result<program::Program> OpenTransformerProgram(const std::string& folder);

}  // namespace iolite::models
