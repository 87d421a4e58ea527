#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/models/internal/byte_window.h"
#include "iolite/models/internal/labels.h"
#include "iolite/models/task.h"
#include "iolite/program/program.h"

namespace iolite::models {

/// A program from token ids to logits: [batch, labels], or [batch, sequence, labels] for a task of
/// tokens.
struct LabelProgram {
  program::Program program;
  std::string architecture;  ///< `bert`, `onnx`
  std::vector<std::string> labels;
  LogitFunction function = LogitFunction::kNone;
  int64_t vocabulary_size = 0;     ///< 0 when nothing says
  int64_t position_count_max = 0;  ///< 0 when nothing says
  int64_t token_count_max = 0;     ///< what a description wants; 0 when nothing says
  std::map<std::string, std::string> standard_names;  ///< inputs that are called otherwise
  std::optional<ByteWindow> bytes;                    ///< reads these instead of tokens
};

/// Builds what `task` needs from a folder: its checkpoint and head, else its model.onnx.
///
/// kInvalidArgument when the model has no head for the task, naming what it has; otherwise as
/// BuildEncoderProgram.
Result<LabelProgram> BuildLabelProgram(const std::string& folder, ModelTask task,
                                       bool uses_token_types);

}  // namespace iolite::models
