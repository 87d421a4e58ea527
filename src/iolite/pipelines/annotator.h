#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iolite/base/context.h"
#include "iolite/base/status.h"
#include "iolite/models/model_store.h"

/// Models that score and label texts, behind one interface, and their answers as columns: what SQL
/// functions and inference jobs share.

namespace iolite::pipelines {

/// What a model says of one text.
struct Annotation {
  std::vector<float> scores;  ///< rerank: one; classification: one for each label
  std::vector<models::Entity> entities;
};

/// A text, and for a reranker what it may answer.
struct Question {
  std::string_view text;
  std::string_view query;
};

struct AnnotatorOptions {
  models::ModelTask task = models::ModelTask::kClassification;
  std::string model;
  std::optional<program::Precision> precision;  ///< else the store's
  models::WordStrategy strategy = models::WordStrategy::kFirst;
};

/// A loaded model of any task but embedding.
///
/// Threads: any number.
class Annotator {
 public:
  /// The errors of ModelStore::Load…; kInvalidArgument for embedding, and when the model has
  /// another task.
  static Result<std::shared_ptr<const Annotator>> Load(const RequestContext& context,
                                                       models::ModelStore& models,
                                                       const AnnotatorOptions& options);
  virtual ~Annotator() = default;
  virtual const models::TaskInfo& info() const = 0;
  /// An answer for each question, in order.
  virtual Result<std::vector<Annotation>> Answer(const RequestContext& context,
                                                 std::span<const Question> questions) const = 0;
};

/// Why an answer cannot be used; empty when it can.
std::string_view ProblemOf(const Annotation& annotation);

/// kInvalidArgument for embedding, which makes vectors and no annotations.
Status CheckAnnotates(models::ModelTask task);

/// The columns that a task's answers have: `score`; `label`, `confidence`, `scores`; `entities`.
arrow::FieldVector AnnotationFields(models::ModelTask task);
/// The answers as those columns; null where there is none. `labels` are those of the model.
Result<arrow::ArrayVector> AnnotationColumns(models::ModelTask task,
                                             const std::vector<std::string>& labels,
                                             std::span<const Annotation* const> annotations);

}  // namespace iolite::pipelines
