#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/status.h"
#include "iolite/models/entities.h"
#include "iolite/models/task.h"

namespace iolite::models {

/// Finds what texts name: people, places, whatever its labels say.
///
/// Threads: any number, for every call; one load serves all.
class TokenClassifier {
 public:
  virtual ~TokenClassifier() = default;
  virtual const TaskInfo& info() const = 0;

  /// The entities of each text, in the order in which they stand there. What lies past the model's
  /// token_count_max is not read. Of a text that is not UTF-8, bad bytes become U+FFFD first, and
  /// places are those of the repaired text.
  virtual Result<std::vector<std::vector<Entity>>> Find(const RequestContext& context,
                                                        std::span<const std::string_view> texts,
                                                        WordStrategy strategy) const = 0;
};

/// Opens a checkpoint with a head for tokens, or a model.onnx.
///
/// kInvalidArgument when the model has another task; otherwise as OpenTransformerEmbedder.
Result<std::unique_ptr<TokenClassifier>> OpenTokenClassifier(const std::string& folder,
                                                             const TaskOptions& options);

}  // namespace iolite::models
