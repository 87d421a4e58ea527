#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "iolite/base/status.h"
#include "iolite/models/internal/byte_window.h"
#include "iolite/models/internal/labels.h"
#include "iolite/models/task.h"

namespace iolite::models {

/// What somebody says of an ONNX file that does not speak for itself, in `iolite.task.json` beside
/// it. All keys but `task` may be absent.
///
///     {"task": "classification",
///      "inputs": {"input_ids": "tokens", "attention_mask": "mask", "token_type_ids": "types"},
///      "output": "scores",
///      "activation": "softmax",            none, sigmoid or softmax
///      "labels": ["spam", "ham"],
///      "max_seq_length": 128,
///      "bytes": {"beg_size": 1024, "end_size": 1024, "padding_token": 256, "block_size": 4096}}
///
/// With `bytes` the model reads bytes and needs no tokenizer. The `config.min.json` of Google's
/// Magika is read as such a description.
struct OnnxTask {
  std::optional<ModelTask> task;
  std::map<std::string, std::string> inputs;  ///< the program's name of an input to ours
  std::string output;                         ///< empty: found by its shape
  std::optional<LogitFunction> function;
  std::vector<std::string> labels;
  int64_t token_count_max = 0;
  std::optional<ByteWindow> bytes;
};

inline constexpr const char* kOnnxTaskName = "iolite.task.json";

/// What the folder's description says; an empty one when there is none.
Result<OnnxTask> ReadOnnxTask(const std::string& folder);

/// Whether the folder describes a model that reads bytes.
bool ReadsBytes(const std::string& folder);

}  // namespace iolite::models
