#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/status.h"
#include "iolite/models/internal/batch_runner.h"
#include "iolite/models/internal/label_program.h"
#include "iolite/models/task.h"
#include "iolite/models/tokenizer.h"

namespace iolite::models {

/// A loaded model that gives logits: what rerankers, classifiers and token classifiers have in
/// common. Batches are formed and run as an Embedder's are.
///
/// Threads: any number, for every call.
class LabelModel {
 public:
  static Result<std::unique_ptr<LabelModel>> Open(const std::string& folder, ModelTask task,
                                                  const TaskOptions& options);

  Status EncodeTexts(const RequestContext& context, std::span<const std::string_view> texts,
                     Encodings* out) const;
  /// kInvalidArgument when the model reads bytes, which come from one text.
  Status EncodePairs(const RequestContext& context, std::span<const TextPair> pairs,
                     Encodings* out) const;
  Status EncodeWithSpans(const RequestContext& context, std::span<const std::string_view> texts,
                         Encodings* out) const;

  /// What the labels score: rows of info().labels.size() for each text, or for each token of all
  /// texts where the task is one of tokens.
  Result<std::vector<float>> Run(const RequestContext& context, const Encodings& encodings) const;

  const TaskInfo& info() const { return info_; }

 private:
  LabelModel() = default;
  Status CheckPairs() const;

  std::string folder_;
  TaskInfo info_;
  LogitFunction function_ = LogitFunction::kNone;
  int64_t vocabulary_size_ = 0;
  std::optional<ByteWindow> bytes_;
  std::unique_ptr<Tokenizer> tokenizer_;  // null where bytes are read
  std::unique_ptr<BatchRunner> runner_;
};

/// kInvalidArgument when a token's id is past the model's table, where reading would be of memory
/// that is none of its rows. `vocabulary_size` 0 allows all.
Status CheckTokenIds(const Encodings& encodings, int64_t vocabulary_size,
                     const std::string& folder);

/// How many tokens a text may have: what the files want, but no more than there are positions.
int64_t TokenCountMax(int64_t wanted, int64_t position_count_max);

}  // namespace iolite::models
