#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "iolite/base/status.h"
#include "iolite/models/modules.h"
#include "iolite/program/program.h"

namespace iolite::models {

/// Names of an encoder program's inputs, [batch, sequence] each.
inline constexpr std::string_view kInputIds = "input_ids";
inline constexpr std::string_view kAttentionMask = "attention_mask";
inline constexpr std::string_view kTokenTypeIds = "token_type_ids";
inline constexpr std::string_view kPositionIds = "position_ids";
/// 1 for the tokens that are pooled: attention_mask without the prompt's.
inline constexpr std::string_view kPooledMask = "pooled_mask";

/// A program from token ids to vectors, [batch, dimension].
struct EncoderProgram {
  program::Program program;
  std::string architecture;  ///< `bert`, `onnx`
  int64_t dimension = 0;
  int64_t vocabulary_size = 0;     ///< 0 when nothing says
  int64_t position_count_max = 0;  ///< 0 when nothing says
};

struct EncoderProgramOptions {
  /// The tokenizer gives some tokens another type than 0.
  bool uses_token_types = false;
};

/// Builds the program of a folder: from its checkpoint when its architecture is one of ours, else
/// from its model.onnx (or onnx/model.onnx). Modules after the encoder become part of it.
///
/// kUnimplemented names what is not supported, with what is; kNotFound when the folder has no
/// model; kDataLoss or kInvalidArgument when its files are damaged or do not fit together.
Result<EncoderProgram> BuildEncoderProgram(const SentenceModel& model,
                                           const EncoderProgramOptions& options);

}  // namespace iolite::models
