#include "iolite/engine/functions/annotation_memo.h"

#include <chrono>
#include <utility>

#include "iolite/base/hash.h"

namespace iolite::engine {
namespace {

using pipelines::Annotation;
using pipelines::Question;

constexpr std::chrono::milliseconds kCheckInterval(20);

std::string KeyOf(const Question& question) {
  std::string asked = std::to_string(question.query.size());
  asked.append(1, ' ').append(question.query).append(question.text);
  return ContentHash(asked);
}

size_t BytesOf(const std::string& key, const Annotation& annotation) {
  size_t bytes = sizeof(Annotation) + 2 * key.size() + 64;
  bytes += annotation.scores.size() * sizeof(float);
  for (const auto& entity : annotation.entities) {
    bytes += sizeof(entity) + entity.text.size() + entity.label.size();
  }
  return bytes;
}

}  // namespace

// The questions of one call, equal ones once.
struct AnnotationMemo::Batch {
  struct Item {
    std::string key;
    Question question;
    SharedAnnotation answer;
  };
  explicit Batch(std::span<const Question> questions) {
    std::unordered_map<std::string, size_t> seen;
    for (const auto& question : questions) {
      std::string key = KeyOf(question);
      auto [found, added] = seen.emplace(key, items.size());
      if (added) items.push_back({std::move(key), question, nullptr});
      places.push_back(found->second);
    }
  }

  std::vector<Item> items;
  std::vector<size_t> places;   ///< of each question among the items
  std::vector<size_t> claimed;  ///< items that this call runs and others wait for
  std::vector<size_t> own;      ///< items that it runs for itself
  std::vector<size_t> awaited;  ///< items that others run
};

Result<std::vector<SharedAnnotation>> AnnotationMemo::Answer(const RequestContext& context,
                                                             std::span<const Question> questions) {
  Batch batch(questions);
  Claim(batch);
  Status status = Run(context, batch);
  if (!status.ok()) {
    GiveUp(batch);
    return status;
  }
  Publish(batch);
  IOLITE_RETURN_IF_ERROR(Wait(context, batch));
  std::vector<SharedAnnotation> answers;
  answers.reserve(batch.places.size());
  for (size_t place : batch.places) answers.push_back(batch.items[place].answer);
  return answers;
}

void AnnotationMemo::Claim(Batch& batch) {
  std::lock_guard lock(mutex_);
  for (size_t i = 0; i < batch.items.size(); ++i) {
    auto& item = batch.items[i];
    auto found = answers_.find(item.key);
    if (found == answers_.end()) {
      const bool room = bytes_ < bytes_max_;
      if (room) answers_.emplace(item.key, nullptr);
      (room ? batch.claimed : batch.own).push_back(i);
    } else if (found->second) {
      item.answer = found->second;
    } else {
      batch.awaited.push_back(i);
    }
  }
}

Status AnnotationMemo::Run(const RequestContext& context, Batch& batch) {
  IOLITE_RETURN_IF_ERROR(context.Check());
  std::vector<size_t> run = batch.claimed;
  run.insert(run.end(), batch.own.begin(), batch.own.end());
  if (run.empty()) return Status::Ok();
  std::vector<Question> questions;
  for (size_t item : run) questions.push_back(batch.items[item].question);
  IOLITE_ASSIGN_OR_RETURN(auto answers, annotator_->Answer(context, questions));
  if (answers.size() != run.size()) {
    return Internal("the model '{}' gave {} answers to {} texts", info().model_id, answers.size(),
                    run.size());
  }
  for (size_t i = 0; i < run.size(); ++i) {
    batch.items[run[i]].answer = std::make_shared<const Annotation>(std::move(answers[i]));
  }
  return Status::Ok();
}

void AnnotationMemo::Publish(const Batch& batch) {
  std::lock_guard lock(mutex_);
  for (size_t i : batch.claimed) {
    const auto& item = batch.items[i];
    answers_[item.key] = item.answer;
    bytes_ += BytesOf(item.key, *item.answer);
  }
  answered_.notify_all();
}

// Those who wait for what this call claimed find it gone.
void AnnotationMemo::GiveUp(const Batch& batch) {
  std::lock_guard lock(mutex_);
  for (size_t i : batch.claimed) answers_.erase(batch.items[i].key);
  answered_.notify_all();
}

// Comes after the own claims were answered, so that no two calls wait for each other.
Status AnnotationMemo::Wait(const RequestContext& context, Batch& batch) {
  std::unique_lock lock(mutex_);
  for (size_t i : batch.awaited) {
    auto& item = batch.items[i];
    while (!item.answer) {
      IOLITE_RETURN_IF_ERROR(context.Check());
      auto found = answers_.find(item.key);
      if (found == answers_.end()) {
        return Aborted("the model '{}' failed elsewhere in this query", info().model_id);
      }
      item.answer = found->second;
      if (!item.answer) answered_.wait_for(lock, kCheckInterval);
    }
  }
  return Status::Ok();
}

Result<std::shared_ptr<AnnotationMemo>> QueryAnnotations::Of(
    const RequestContext& context, const pipelines::AnnotatorOptions& options) {
  std::lock_guard lock(mutex_);
  auto& memo = memos_[{options.model, options.strategy}];
  if (!memo) {
    IOLITE_ASSIGN_OR_RETURN(auto annotator, pipelines::Annotator::Load(context, models_, options));
    memo = std::make_shared<AnnotationMemo>(std::move(annotator));
  }
  return memo;
}

}  // namespace iolite::engine
