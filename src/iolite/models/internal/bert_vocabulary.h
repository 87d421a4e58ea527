#pragma once

#include <string>

#include "iolite/base/status.h"

namespace iolite::models {

/// The tokenizer.json that a folder with BERT's vocab.txt, and perhaps tokenizer_config.json,
/// stands for.
Result<std::string> BertTokenizerJson(const std::string& folder);

}  // namespace iolite::models
