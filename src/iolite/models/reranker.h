#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "iolite/base/context.h"
#include "iolite/base/status.h"
#include "iolite/models/task.h"

namespace iolite::models {

/// A question and what may answer it. A side that nobody has is no empty text, but an error.
struct RerankPair {
  std::optional<std::string_view> query;
  std::optional<std::string_view> document;
};

/// Scores how well documents answer queries, reading both together.
///
/// Threads: any number, for every call; one load serves all.
class Reranker {
 public:
  virtual ~Reranker() = default;
  virtual const TaskInfo& info() const = 0;

  /// Writes pair i's score to scores[i]: higher is better. A model with one logit gives it through
  /// the function that its configuration names (a sigmoid when it names none), one with two the
  /// probability of the second. Where a pair is too long, the longer side is cut first.
  ///
  /// kInvalidArgument names the pair that lacks a side; kCancelled or kDeadlineExceeded as
  /// `context` asks.
  virtual Status Score(const RequestContext& context, std::span<const RerankPair> pairs,
                       std::span<float> scores) const = 0;

  /// The same for one query and many documents.
  Status Score(const RequestContext& context, std::string_view query,
               std::span<const std::string_view> documents, std::span<float> scores) const;
};

/// Opens a cross-encoder: a checkpoint with a head of one or two labels, or a model.onnx.
///
/// kInvalidArgument when the model has another task; otherwise as OpenTransformerEmbedder.
Result<std::unique_ptr<Reranker>> OpenReranker(const std::string& folder,
                                               const TaskOptions& options);

}  // namespace iolite::models
