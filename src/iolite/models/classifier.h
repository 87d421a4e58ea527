#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "iolite/base/context.h"
#include "iolite/base/status.h"
#include "iolite/models/task.h"

namespace iolite::models {

/// A label, and how sure the model is of it.
struct LabelScore {
  size_t label = 0;  ///< place in TaskInfo::labels
  float confidence = 0;
};

/// Says which labels a text has.
///
/// Threads: any number, for every call; one load serves all.
class Classifier {
 public:
  virtual ~Classifier() = default;
  virtual const TaskInfo& info() const = 0;

  /// Writes text i's score of label j to scores[i * labels + j]: probabilities that add up to 1, or
  /// each for itself where info().multi_label; what comes out of the head where the configuration's
  /// problem_type is regression.
  virtual Status Classify(const RequestContext& context, std::span<const std::string_view> texts,
                          std::span<float> scores) const = 0;

  /// The label with the highest score of one text's.
  static LabelScore Best(std::span<const float> scores);
};

/// Opens a checkpoint with a head for whole texts, or a model.onnx.
///
/// kInvalidArgument when the model has another task; otherwise as OpenTransformerEmbedder.
Result<std::unique_ptr<Classifier>> OpenClassifier(const std::string& folder,
                                                   const TaskOptions& options);

}  // namespace iolite::models
