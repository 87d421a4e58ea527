#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "iolite/base/status.h"
#include "iolite/models/model_config.h"
#include "iolite/models/tokenizer.h"

namespace iolite::models {

/// How a model that reads bytes instead of tokens sees a text: its first and its last bytes, white
/// space at its ends left out, as many ids as there are bytes.
struct ByteWindow {
  int64_t begin_count = 0;
  int64_t end_count = 0;
  int64_t padding_id = 256;
  int64_t block_count = 4096;  ///< bytes at each end that are looked at

  int64_t id_count() const { return begin_count + end_count; }
};

/// Reads `beg_size`, `end_size`, `padding_token` and `block_size`.
Result<ByteWindow> ReadByteWindow(const ModelConfig& config);

/// Replaces `out` with the ids of `texts`.
void EncodeBytes(const ByteWindow& window, std::span<const std::string_view> texts, Encodings* out);

}  // namespace iolite::models
