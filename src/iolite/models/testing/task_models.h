#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>

#include "iolite/models/testing/reference_models.h"

namespace iolite::models::testing {

/// Puts tests/reference/tasks/`name` together in a folder of the test's own: the architecture's
/// encoder and tokenizer, and the head.
inline void CopyTaskModel(std::string_view source_dir, const std::string& name,
                          const TemporaryFolder& folder) {
  namespace fs = std::filesystem;
  const fs::path architectures = ReferenceFolder(source_dir, "architectures");
  // The longest architecture that the name begins with: `nomic_bert_rerank` is no `bert`.
  std::string architecture;
  for (const auto& entry : fs::directory_iterator(architectures)) {
    const std::string known = entry.path().filename();
    if (name.starts_with(known + "_") && known.size() > architecture.size()) architecture = known;
  }
  const fs::path encoder = architectures / architecture;
  fs::copy_file(encoder / "model.safetensors", folder.File("encoder.safetensors"));
  for (const char* file : {"tokenizer.json", "tokenizer_config.json"}) {
    fs::copy_file(encoder / file, folder.File(file));
  }
  fs::copy(ReferenceFolder(source_dir, "tasks") / name, folder.path(), fs::copy_options::recursive);
}

}  // namespace iolite::models::testing
