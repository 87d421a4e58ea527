#include "iolite/pipelines/annotator.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace iolite::pipelines {
namespace {

using models::ModelTask;

std::vector<std::string_view> TextsOf(std::span<const Question> questions) {
  std::vector<std::string_view> texts;
  texts.reserve(questions.size());
  for (const auto& question : questions) texts.push_back(question.text);
  return texts;
}

/// `width` scores for each text.
std::vector<Annotation> Split(std::span<const float> scores, size_t width) {
  std::vector<Annotation> annotations;
  for (size_t begin = 0; begin + width <= scores.size(); begin += width) {
    const auto own = scores.subspan(begin, width);
    annotations.push_back({.scores = {own.begin(), own.end()}});
  }
  return annotations;
}

class RerankAnnotator final : public Annotator {
 public:
  explicit RerankAnnotator(std::shared_ptr<const models::Reranker> model)
      : model_(std::move(model)) {}
  const models::TaskInfo& info() const override { return model_->info(); }
  Result<std::vector<Annotation>> Answer(const RequestContext& context,
                                         std::span<const Question> questions) const override {
    std::vector<models::RerankPair> pairs;
    for (const auto& question : questions) pairs.push_back({question.query, question.text});
    std::vector<float> scores(pairs.size());
    IOLITE_RETURN_IF_ERROR(model_->Score(context, pairs, scores));
    return Split(scores, 1);
  }

 private:
  const std::shared_ptr<const models::Reranker> model_;
};

class LabelAnnotator final : public Annotator {
 public:
  explicit LabelAnnotator(std::shared_ptr<const models::Classifier> model)
      : model_(std::move(model)) {}
  const models::TaskInfo& info() const override { return model_->info(); }
  Result<std::vector<Annotation>> Answer(const RequestContext& context,
                                         std::span<const Question> questions) const override {
    const size_t width = info().labels.size();
    std::vector<float> scores(questions.size() * width);
    IOLITE_RETURN_IF_ERROR(model_->Classify(context, TextsOf(questions), scores));
    return Split(scores, width);
  }

 private:
  const std::shared_ptr<const models::Classifier> model_;
};

class EntityAnnotator final : public Annotator {
 public:
  EntityAnnotator(std::shared_ptr<const models::TokenClassifier> model,
                  models::WordStrategy strategy)
      : model_(std::move(model)), strategy_(strategy) {}
  const models::TaskInfo& info() const override { return model_->info(); }
  Result<std::vector<Annotation>> Answer(const RequestContext& context,
                                         std::span<const Question> questions) const override {
    IOLITE_ASSIGN_OR_RETURN(auto found, model_->Find(context, TextsOf(questions), strategy_));
    std::vector<Annotation> annotations;
    for (auto& entities : found) annotations.push_back({.entities = std::move(entities)});
    return annotations;
  }

 private:
  const std::shared_ptr<const models::TokenClassifier> model_;
  const models::WordStrategy strategy_;
};

}  // namespace

Status CheckAnnotates(ModelTask task) {
  if (task != ModelTask::kEmbedding) return Status::Ok();
  return InvalidArgument(
      "The task embedding makes vectors, not annotations: that is what embed does. Tasks here are "
      "classification, token-classification, rerank");
}

Result<std::shared_ptr<const Annotator>> Annotator::Load(const RequestContext& context,
                                                         models::ModelStore& models,
                                                         const AnnotatorOptions& options) {
  IOLITE_RETURN_IF_ERROR(CheckAnnotates(options.task));
  using Loaded = std::shared_ptr<const Annotator>;
  if (options.task == ModelTask::kRerank) {
    IOLITE_ASSIGN_OR_RETURN(auto model,
                            models.LoadReranker(context, options.model, options.precision));
    return Loaded(std::make_shared<RerankAnnotator>(std::move(model)));
  }
  if (options.task == ModelTask::kClassification) {
    IOLITE_ASSIGN_OR_RETURN(auto model,
                            models.LoadClassifier(context, options.model, options.precision));
    return Loaded(std::make_shared<LabelAnnotator>(std::move(model)));
  }
  IOLITE_ASSIGN_OR_RETURN(auto model,
                          models.LoadTokenClassifier(context, options.model, options.precision));
  return Loaded(std::make_shared<EntityAnnotator>(std::move(model), options.strategy));
}

std::string_view ProblemOf(const Annotation& annotation) {
  auto finite = [](float value) { return std::isfinite(value); };
  const bool sound =
      std::all_of(annotation.scores.begin(), annotation.scores.end(), finite) &&
      std::all_of(annotation.entities.begin(), annotation.entities.end(),
                  [&](const models::Entity& entity) { return finite(entity.confidence); });
  return sound ? "" : "the model gave NaN or infinity";
}

}  // namespace iolite::pipelines
