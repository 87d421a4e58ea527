#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "iolite/pipelines/annotator.h"

namespace iolite::engine {

using SharedAnnotation = std::shared_ptr<const pipelines::Annotation>;

/// What a model has answered within one query, so that an equal question runs once, whichever
/// thread and place of the query asks it. Remembers up to `bytes_max` of answers; questions past
/// that run once a batch.
///
/// Threads: any number. Those who ask what another is asking wait for its answer.
class AnnotationMemo {
 public:
  static constexpr size_t kBytesMax = size_t{64} << 20;

  explicit AnnotationMemo(std::shared_ptr<const pipelines::Annotator> annotator,
                          size_t bytes_max = kBytesMax)
      : annotator_(std::move(annotator)), bytes_max_(bytes_max) {}

  const models::TaskInfo& info() const { return annotator_->info(); }
  /// An answer for each question, in order.
  Result<std::vector<SharedAnnotation>> Answer(const RequestContext& context,
                                               std::span<const pipelines::Question> questions);

 private:
  struct Batch;
  void Claim(Batch& batch);
  Status Run(const RequestContext& context, Batch& batch);
  void Publish(const Batch& batch);
  void GiveUp(const Batch& batch);
  Status Wait(const RequestContext& context, Batch& batch);

  const std::shared_ptr<const pipelines::Annotator> annotator_;
  const size_t bytes_max_;
  std::mutex mutex_;  // guards all below
  std::condition_variable answered_;
  std::unordered_map<std::string, SharedAnnotation> answers_;  ///< null while on its way
  size_t bytes_ = 0;
};

/// The memos of one query, each with its model, which is loaded at the first question.
///
/// Threads: any number.
class QueryAnnotations {
 public:
  explicit QueryAnnotations(models::ModelStore& models) : models_(models) {}
  Result<std::shared_ptr<AnnotationMemo>> Of(const RequestContext& context,
                                             const pipelines::AnnotatorOptions& options);

 private:
  models::ModelStore& models_;
  std::mutex mutex_;  // guards memos_, and makes others wait while a model is loaded
  std::map<std::pair<std::string, models::WordStrategy>, std::shared_ptr<AnnotationMemo>> memos_;
};

}  // namespace iolite::engine
